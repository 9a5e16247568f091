// client issues the commands of ASP.NET's SQL session-state providers through tedious, which we did not write, against a
// server that is to behave as SQL Server does towards them, and checks every output.
//
//     node client.js inbox HOST PORT USER PASSWORD ENCRYPT      the commands of the in-box store (mode="SQLServer")
//     node client.js async HOST PORT USER PASSWORD ENCRYPT      those of async 2.1 with repositoryType SqlServer
//     node client.js driver HOST PORT USER PASSWORD ENCRYPT     transactions, resets, errors, settings
//     node client.js cancel HOST PORT USER PASSWORD ENCRYPT     gets of a locked session that are given up; for each that has
//                                                               arrived at the server, a line is read from standard input
//     node client.js wrong HOST PORT USER PASSWORD ENCRYPT      a login that must be refused with error 18456
//     node client.js untrusted HOST PORT USER PASSWORD ENCRYPT  a certificate that nobody trusts
//
// ENCRYPT is true or false. tedious has no way to ask for a login that alone is encrypted: false says that it cannot
// encrypt, and true encrypts everything (tds-server-notes.md 2). The Go tests of package bridge/tds run it. It exits with 1
// and a line for each thing that is not as expected.
'use strict';

const { Connection, Request, TYPES, ISOLATION_LEVEL } = require('tedious');

let failures = 0;

function check(good, what) {
  if (good) return;
  failures++;
  console.log(what);
}

const [what, host, port, user, password, encrypt] = process.argv.slice(2);

function config(trust) {
  return {
    server: host,
    authentication: { type: 'default', options: { userName: user, password } },
    options: { port: Number(port), database: 'ASPState', encrypt: encrypt === 'true', trustServerCertificate: trust },
  };
}

// open logs in. told gets the numbers of the errors that the server tells of.
function open(trust = true, told = []) {
  return new Promise((resolve, reject) => {
    const c = new Connection(config(trust));
    c.on('errorMessage', message => told.push(message.number));
    c.connect(err => err ? reject(err) : resolve(c));
  });
}

function close(c) {
  return new Promise(resolve => {
    c.once('end', resolve);
    c.close();
  });
}

// ask has a connection do a request, and returns what came of it.
function ask(c, how, text, inputs = [], outputs = [], begun = () => {}) {
  return new Promise((resolve, reject) => {
    const got = { out: {}, names: [], rows: [], counted: 0 };
    const request = new Request(text, (err, counted) => {
      got.counted = counted;
      return err ? reject(err) : resolve(got);
    });
    for (const [name, type, value, options] of inputs) request.addParameter(name, type, value, options);
    for (const [name, type, options] of outputs) request.addOutputParameter(name, type, null, options);
    request.on('returnValue', (name, value) => { got.out[name] = value; });
    request.on('columnMetadata', columns => { got.names = columns.map(column => column.colName); });
    request.on('row', columns => got.rows.push(columns.map(column => column.value)));
    begun(request);
    c[how](request);
  });
}

// refusal returns the number of the error that a promise ends with, its code where it has no number.
async function refusal(promise) {
  try {
    await promise;
    return 'none';
  } catch (err) {
    return err.number ?? err.code;
  }
}

async function select(c, n) {
  const got = await ask(c, 'execSqlBatch', 'SELECT ' + n);
  return got.rows.length === 1 && got.rows[0][0] === n;
}

function noise(length, seed) {
  const b = Buffer.alloc(length);
  for (let i = 0, x = seed; i < length; i++) {
    x = (x * 1103515245 + 12345) % 2147483648;
    b[i] = x >> 16;
  }
  return b;
}

// ---- the in-box store

async function inboxRead(c, procedure, id) {
  const { out, rows } = await ask(c, 'callProcedure', procedure, [['id', TYPES.NVarChar, id, { length: 88 }]], [
    ['itemShort', TYPES.VarBinary, { length: 7000 }], ['locked', TYPES.Bit], ['lockAge', TYPES.Int],
    ['lockCookie', TYPES.Int], ['actionFlags', TYPES.Int]]);
  return { ...out, payload: rows.length ? rows[0][0] : out.itemShort };
}

async function inboxWrite(c, procedure, id, item, cookie) {
  const inputs = [['id', TYPES.NVarChar, id, { length: 88 }]];
  const long = /Long$/.test(procedure) && !/NullLong$/.test(procedure) || /LongNullShort$/.test(procedure);
  if (item) {
    inputs.push(long ? ['itemLong', TYPES.Image, item] : ['itemShort', TYPES.VarBinary, item, { length: 7000 }]);
    inputs.push(['timeout', TYPES.Int, 20]);
  }
  if (cookie !== undefined) inputs.push(['lockCookie', TYPES.Int, cookie]);
  return (await ask(c, 'callProcedure', procedure, inputs)).counted;
}

function missing(read) {
  return ['locked', 'lockAge', 'lockCookie', 'actionFlags'].every(name => read[name] === null) && read.payload === null;
}

async function inbox() {
  const c = await open();
  const found = await ask(c, 'execSqlBatch', "Select name from sysobjects where type = 'P' and name = 'TempGetVersion'");
  check(found.rows.length === 1, 'TempGetVersion is not found');
  const version = await ask(c, 'callProcedure', 'dbo.GetMajorVersion', [], [['@ver', TYPES.Int]]);
  check(version.out['@ver'] >= 8, `GetMajorVersion: ${JSON.stringify(version.out)}`);
  const app = await ask(c, 'callProcedure', 'dbo.TempGetAppID', [['appName', TYPES.VarChar, '/lm/w3svc/5/root/node', { length: 280 }]], [['appId', TYPES.Int]]);
  const id = 'nodesessionnodesession00' + (app.out.appId >>> 0).toString(16).padStart(8, '0');
  for (const read of ['dbo.TempGetStateItem3', 'dbo.TempGetStateItemExclusive3']) {
    check(missing(await inboxRead(c, read, id)), `${read} finds what is not there`);
  }
  check(await inboxWrite(c, 'dbo.TempInsertUninitializedItem', id, noise(7, 1)) === 1, 'the uninitialized item is not inserted');
  check(await refusal(inboxWrite(c, 'dbo.TempInsertUninitializedItem', id, noise(7, 1))) === 2627, 'a second insert is not refused');
  const first = await inboxRead(c, 'dbo.TempGetStateItemExclusive3', id);
  check(first.locked === false && first.actionFlags === 1 && first.lockCookie === 2 && first.lockAge === 0 && first.payload.equals(noise(7, 1)),
    `the first exclusive read: ${JSON.stringify(first)}`);
  for (const read of ['dbo.TempGetStateItem3', 'dbo.TempGetStateItemExclusive3']) {
    const again = await inboxRead(c, read, id);
    check(again.locked === true && again.lockCookie === 2 && again.actionFlags === 0 && again.lockAge >= 0 && again.payload === null,
      `${read} of a locked session: ${JSON.stringify(again)}`);
  }
  check(await inboxWrite(c, 'dbo.TempUpdateStateItemShort', id, noise(9, 1), 1) === 0, 'a wrong cookie writes');
  check(await inboxWrite(c, 'dbo.TempReleaseStateItemExclusive', id, null, 1) === 0, 'a wrong cookie releases');
  check(await inboxWrite(c, 'dbo.TempRemoveStateItem', id, null, 1) === 0, 'a wrong cookie removes');
  let cookie = 2, before = 7;
  for (const length of [185, 7000, 7001, 20085, 145, 2 << 20, 185]) {
    const item = noise(length, length);
    const update = length <= 7000 ? (before <= 7000 ? 'Short' : 'ShortNullLong') : (before <= 7000 ? 'LongNullShort' : 'Long');
    check(await inboxWrite(c, 'dbo.TempUpdateStateItem' + update, id, item, cookie) === 1, `${update} of ${length} bytes is not counted`);
    const read = await inboxRead(c, 'dbo.TempGetStateItemExclusive3', id);
    check(read.locked === false && read.lockCookie === ++cookie && read.payload !== null && read.payload.equals(item), `${length} bytes come back otherwise`);
    before = length;
  }
  check(await inboxWrite(c, 'dbo.TempReleaseStateItemExclusive', id, null, cookie) === 1, 'the release is not counted');
  check((await inboxRead(c, 'dbo.TempGetStateItem3', id)).locked === false, 'a released session is locked');
  check(await inboxWrite(c, 'dbo.TempResetTimeout', id) === 1, 'the new timeout is not counted');
  check(await inboxWrite(c, 'dbo.TempRemoveStateItem', id, null, cookie) === 1, 'the removal is not counted');
  check(missing(await inboxRead(c, 'dbo.TempGetStateItem3', id)), 'a removed session is found');
  for (const [insert, length] of [['Short', 7000], ['Long', 7001]]) {
    const one = ('node' + insert + 'nodesessionnodesession').slice(0, 24) + id.slice(24);
    check(await inboxWrite(c, 'dbo.TempInsertStateItem' + insert, one, noise(length, 9)) === 1, `inserting ${insert} is not counted`);
    check((await inboxRead(c, 'dbo.TempGetStateItem3', one)).payload.equals(noise(length, 9)), `an inserted ${insert} item comes back otherwise`);
  }
  await close(c);
}

// ---- async 2.1

async function asyncRead(c, procedure, id, begun) {
  const { out, rows } = await ask(c, 'callProcedure', procedure, [['SessionId', TYPES.NVarChar, id, { length: 88 }]], [
    ['Locked', TYPES.Bit], ['LockAge', TYPES.Int], ['LockCookie', TYPES.Int], ['ActionFlags', TYPES.Int]], begun);
  return { ...out, payload: rows.length ? rows[0][0] : null };
}

async function asyncWrite(c, procedure, id, item, cookie) {
  const inputs = [['SessionId', TYPES.NVarChar, id, { length: 88 }]];
  if (cookie !== undefined) inputs.push(['LockCookie', TYPES.Int, cookie]);
  if (item) inputs.push(['Timeout', TYPES.Int, 20], ['SessionItemLong', TYPES.VarBinary, item]);
  return (await ask(c, 'callProcedure', procedure, inputs)).counted;
}

async function async21() {
  const c = await open();
  const count = await ask(c, 'execSqlBatch',
    "SELECT Count(*) FROM INFORMATION_SCHEMA.ROUTINES WHERE ROUTINE_TYPE = 'PROCEDURE' AND ROUTINE_NAME = 'GetStateItem'");
  check(count.rows.length === 1 && count.rows[0][0] === 1, 'GetStateItem is not there');
  const id = 'nodeasyncnodeasyncnode00' + '0badcafe';
  check((await asyncRead(c, 'GetStateItemExclusive', id)).Locked === null, 'an absent session is found');
  check(await asyncWrite(c, 'InsertUninitializedItem', id, noise(7, 1)) === 1, 'the uninitialized item is not inserted');
  check(await refusal(asyncWrite(c, 'InsertStateItem', id, noise(7, 1))) === 2627, 'a second insert is not refused');
  check((await asyncRead(c, 'GetStateItem', id)).ActionFlags === 1, 'the first read is not told');
  check((await asyncRead(c, 'GetStateItem', id)).ActionFlags === 0, 'the second read is told');
  let cookie = 1;
  for (const length of [185, 8000, 8001, 20085, 2 << 20]) {
    const read = await asyncRead(c, 'GetStateItemExclusive', id);
    check(read.Locked === false && read.LockCookie === ++cookie && read.LockAge === 0, `exclusive read: cookie ${read.LockCookie}, want ${cookie}`);
    check((await asyncRead(c, 'GetStateItem', id)).Locked === true, 'a locked session is not locked for others');
    const item = noise(length, length);
    check(await asyncWrite(c, 'UpdateStateItem', id, item, cookie - 1) === 0, 'a stale cookie writes');
    check(await asyncWrite(c, 'UpdateStateItem', id, item, cookie) === 1, 'the write is not counted');
    check((await asyncRead(c, 'GetStateItem', id)).payload.equals(item), `${length} bytes come back otherwise`);
  }
  check(await asyncWrite(c, 'ResetItemTimeout', id) === 1, 'the new timeout is not counted');
  check(await asyncWrite(c, 'ReleaseItemExclusive', id, null, cookie) === 1, 'the release is not counted');
  check(await asyncWrite(c, 'RemoveStateItem', id, null, cookie) === 1, 'the removal is not counted');
  check((await asyncRead(c, 'GetStateItem', id)).Locked === null, 'a removed session is found');
  await ask(c, 'callProcedure', 'DeleteExpiredSessionState');
  await close(c);
}

// ---- what else a driver does

function done(c, how, ...more) {
  return new Promise((resolve, reject) => c[how](err => err ? reject(err) : resolve(), ...more));
}

async function driver() {
  const c = await open();
  const named = await ask(c, 'execSql', 'SELECT 1 AS One');
  check(named.names[0] === 'One' && named.rows[0][0] === 1, `a number with a name: ${JSON.stringify(named)}`);
  check(await refusal(ask(c, 'callProcedure', 'dbo.sp_help')) === 2812, 'an unknown procedure is not refused with 2812');
  check(await select(c, 2), 'the connection is unusable after an unknown procedure');
  check(await refusal(ask(c, 'execSql', 'SELECT * FROM Orders')) === 50000, 'an unknown statement is not refused');
  check(await select(c, 3), 'the connection is unusable after an unknown statement');
  for (const end of ['commitTransaction', 'rollbackTransaction']) {
    await done(c, 'beginTransaction', '', ISOLATION_LEVEL.READ_COMMITTED);
    check(await select(c, 4), 'nothing is answered within a transaction');
    await done(c, end);
  }
  check(await refusal(done(c, 'commitTransaction')) === 3902, 'a commit of nothing is not refused');
  check(await refusal(done(c, 'rollbackTransaction')) === 3903, 'a rollback of nothing is not refused');
  await done(c, 'beginTransaction');
  let told = 0;
  c.on('resetConnection', () => { told++; });
  await done(c, 'reset');
  check(told === 1, `a reset is told ${told} times`);
  check(await refusal(done(c, 'commitTransaction')) === 3902, 'a reset leaves a transaction open');
  check(await select(c, 5), 'the connection is unusable after a reset');
  await close(c);
}

// line is the next line that the tests write: a get has arrived at the server, and waits there.
const lines = [], waiting = [];
function line() {
  return new Promise(resolve => {
    if (lines.length) resolve(lines.shift());
    else waiting.push(resolve);
  });
}

async function cancel() {
  require('node:readline').createInterface({ input: process.stdin }).on('line', text => {
    if (waiting.length) waiting.shift()(text);
    else lines.push(text);
  });
  const [holder, c] = [await open(), await open()];
  const id = 'nodecancelnodecancelnode' + '0badcafe';
  check(await asyncWrite(holder, 'InsertStateItem', id, noise(20, 1)) === 1, 'the session is not inserted');
  check((await asyncRead(holder, 'GetStateItemExclusive', id)).LockCookie === 2, 'the session is not locked');
  const given = await refusal(asyncRead(c, 'GetStateItemExclusive', id, request => line().then(() => request.cancel())));
  check(given === 'ECANCEL', `a get that is cancelled ends with ${given}`);
  check(await select(c, 6), 'the connection is unusable after a cancellation');
  const late = await refusal(asyncRead(c, 'GetStateItemExclusive', id, request => request.setTimeout(100)));
  check(late === 'ETIMEOUT', `a get that takes too long ends with ${late}`);
  check(await select(c, 7), 'the connection is unusable after a timeout');
  check(await asyncWrite(holder, 'ReleaseItemExclusive', id, null, 2) === 1, 'the release is not counted');
  const read = await asyncRead(c, 'GetStateItemExclusive', id);
  check(read.Locked === false && read.LockCookie === 3, `after all, the get gives ${JSON.stringify(read)}`);
  await close(holder);
  await close(c);
}

async function wrong() {
  const told = [];
  const got = await refusal(open(true, told));
  check(got === 'ELOGIN' && told.join() === '18456', `a wrong password gives ${got}, ${told}`);
}

async function untrusted() {
  const got = await refusal(open(false));
  check(got === 'ESOCKET', `a certificate that nobody trusts gives ${got}`);
}

const commands = { inbox, async: async21, driver, cancel, wrong, untrusted };

if (process.argv.length !== 8 || !commands[what]) {
  console.error('usage: node client.js inbox|async|driver|cancel|wrong|untrusted HOST PORT USER PASSWORD ENCRYPT');
  process.exit(2);
}
commands[what]().then(() => {
  if (!failures) console.log('as expected');
  process.exit(failures ? 1 : 0);
}, err => {
  console.log(err);
  process.exit(1);
});
