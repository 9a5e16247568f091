// A client of the remote app session protocol with one connection (HTTP/2, duplex), written after the protocol's description with
// node:http2 alone. It drives a bridge and checks what it gets:
//
//   node duplex.mjs https://127.0.0.1:8443/shop API-KEY CA.pem SESSION-ID ROUNDS
//
// The session has the items UserName and CoreCount, registered as string and int. At the end CoreCount has risen by ROUNDS.
import http2 from 'node:http2'
import fs from 'node:fs'
import assert from 'node:assert'

const [base, key, ca, id, rounds] = process.argv.slice(2)
const url = new URL(base)
const path = url.pathname.replace(/\/$/, '') + '/systemweb-adapters/session'
const client = http2.connect(url.origin, { ca: fs.readFileSync(ca) })
client.on('error', (err) => { console.error(err); process.exit(1) })

class Short extends Error {}

// decode takes a payload apart, and says where it ends.
function decode(b) {
  let at = 0
  const byte = () => { if (at >= b.length) throw new Short(); return b[at++] }
  const v7 = () => {
    let n = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const c = byte()
      n += (c & 0x7f) * 2 ** shift
      if (c < 0x80) return n
    }
    throw new Error('an integer of more than five bytes')
  }
  const take = (n) => { if (at + n > b.length) throw new Short(); at += n; return b.subarray(at - n, at) }
  const str = () => take(v7()).toString('utf8')
  assert.equal(byte(), 1, 'version')
  const p = { id: str(), isNew: byte(), abandoned: byte(), readOnly: byte(), timeout: v7(), items: new Map(), unknown: [] }
  for (let n = v7(); n > 0; n--) { const k = str(); p.items.set(k, take(v7()).toString('utf8')) }
  for (let n = v7(); n > 0; n--) p.unknown.push(str())
  return [p, b.subarray(at)]
}

function encode(p) {
  const parts = []
  const v7 = (n) => { while (n > 127) { parts.push(Buffer.from([n % 128 + 128])); n = Math.floor(n / 128) } parts.push(Buffer.from([n])) }
  const str = (s) => { const b = Buffer.from(s, 'utf8'); v7(b.length); parts.push(b) }
  parts.push(Buffer.from([1]))
  str(p.id)
  parts.push(Buffer.from([p.isNew, p.abandoned, p.readOnly]))
  v7(p.timeout)
  v7(p.items.size)
  for (const [k, v] of p.items) { str(k); str(v) }
  v7(p.unknown.length)
  p.unknown.forEach(str)
  return Buffer.concat(parts)
}

// Exchange is one request to the Core application: the load, and later the commit, on one stream.
class Exchange {
  constructor(id, headers = {}) {
    const head = {
      ':method': 'POST', ':path': path, 'x-systemwebadapter-remoteappauthentication-key': key,
      'x-systemwebadapter-remoteappsession-readonly': 'False', ...headers,
    }
    if (id) head.cookie = 'ASP.NET_SessionId=' + id
    this.stream = client.request(head, { endStream: false }) // the headers alone, as HttpClient does
    this.received = Buffer.alloc(0)
    this.wake = () => {}
    this.ended = false
    this.stream.on('data', (b) => { this.received = Buffer.concat([this.received, b]); this.wake() })
    this.stream.on('end', () => { this.ended = true; this.wake() })
    this.stream.on('close', () => { this.ended = true; this.wake() })
    this.stream.on('error', (err) => { this.error = err; this.ended = true; this.wake() })
    this.head = new Promise((resolve, reject) => {
      this.stream.on('response', resolve)
      this.stream.on('close', () => reject(new Error('closed without an answer')))
    })
  }

  async load() {
    this.headers = await this.head
    assert.equal(this.headers[':status'], 200)
    for (;;) {
      try {
        const [p, rest] = decode(this.received)
        this.received = rest
        return p
      } catch (err) {
        if (!(err instanceof Short) || this.ended) throw err
      }
      await new Promise((resolve) => { this.wake = resolve })
    }
  }

  // commit writes byte by byte, as the stock client's writer is not buffered, and returns the result.
  async commit(p) {
    for (const b of encode(p)) this.stream.write(Buffer.from([b]))
    return this.result()
  }

  async result() {
    this.stream.end()
    while (!this.ended) await new Promise((resolve) => { this.wake = resolve })
    assert.equal(this.error, undefined)
    return JSON.parse(this.received.toString('utf8'))
  }

  // close ends the body and then resets the stream: the bridge sees a clean end of no bytes, or the reset.
  close() {
    return new Promise((resolve) => { this.stream.on('close', resolve); this.stream.close(http2.constants.NGHTTP2_CANCEL) })
  }

  // reset does not end the body first, as HttpClient does not.
  reset() {
    return new Promise((resolve) => { this.stream.on('close', resolve); this.stream.destroy(new Error('reset')) })
  }
}

// A load shows the session; a commit is carried out.
let x = new Exchange(id)
let p = await x.load()
assert.equal(x.headers['content-type'], 'text/event-stream')
assert.equal(x.headers['set-cookie'], undefined)
assert.deepEqual([p.id, p.isNew, p.abandoned, p.readOnly, p.timeout, p.unknown], [id, 0, 0, 0, 20, []])
assert.deepEqual([...p.items.keys()], ['UserName', 'CoreCount'])
const start = JSON.parse(p.items.get('CoreCount'))
p.items.set('UserName', '"Zo\\u00EB \\u003Cadmin\\u003E"')
p.timeout = 30
assert.deepEqual(await x.commit(p), { s: true })

// Exchanges of one session are serial, though all are under way at once on one connection.
await Promise.all(Array.from({ length: Number(rounds) }, async () => {
  const x = new Exchange(id)
  const p = await x.load()
  p.items.set('CoreCount', String(JSON.parse(p.items.get('CoreCount')) + 1))
  assert.deepEqual(await x.commit(p), { s: true })
}))

// No commit: no bytes, a reset at once, and a reset behind a whole payload, as after a key that the client does not know.
x = new Exchange(id)
await x.load()
assert.deepEqual(await x.result(), { m: 'No session data was supplied for commit' })
for (const leave of ['close', 'reset']) {
  x = new Exchange(id)
  await x.load()
  await x[leave]()
}
x = new Exchange(id)
p = await x.load()
p.items.set('CoreCount', '-1')
await new Promise((resolve) => x.stream.write(encode(p), resolve))
await x.reset()
x = new Exchange(id)
p = await x.load()
assert.equal(JSON.parse(p.items.get('CoreCount')), start + Number(rounds))
p.items.set('CoreCount', '"none"')
assert.equal((await x.commit(p)).s, undefined)

// A new session, its cookie, and its end.
x = new Exchange('')
p = await x.load()
assert.match(x.headers['set-cookie'].join(), new RegExp(`^ASP\\.NET_SessionId=${p.id}; path=/; HttpOnly; SameSite=Lax$`))
assert.equal(p.isNew, 1)
p.isNew = 0
p.items.set('UserName', '"new"')
assert.deepEqual(await x.commit(p), { s: true })
x = new Exchange(p.id)
p = await x.load()
assert.deepEqual([p.isNew, p.items.get('UserName')], [0, '"new"'])
p.abandoned = 1
assert.deepEqual(await x.commit(p), { s: true })
x = new Exchange(p.id)
p = await x.load()
assert.equal(p.isNew, 1)
await x.reset()

// A wrong key.
x = new Exchange(id, { 'x-systemwebadapter-remoteappauthentication-key': '00000000-0000-0000-0000-000000000001' })
assert.equal((await x.head)[':status'], 401)
x.stream.close()

client.close()
console.log('ok')
