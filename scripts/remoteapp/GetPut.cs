// A client of the remote app session protocol with two connections (GET held open, and PUT), written after the protocol's
// description. It drives a bridge and checks what it gets:
//
//	GetPut.exe http://127.0.0.1:8080/shop API-KEY SESSION-ID THREADS ROUNDS
//
// The session has the items UserName and CoreCount, registered as string and int. At the end CoreCount has risen by
// THREADS × ROUNDS.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Text;
using System.Threading;

class Payload
{
    public string Id;
    public bool IsNew, Abandoned, ReadOnly;
    public int Timeout;
    public List<KeyValuePair<string, byte[]>> Items = new List<KeyValuePair<string, byte[]>>();
    public List<string> Unknown = new List<string>();

    // Seven bits a byte, low bits first. BinaryReader has this, too, but keeps it to itself.
    static int ReadInt(BinaryReader r)
    {
        uint n = 0;
        for (int i = 0; i < 5; i++)
        {
            byte b = r.ReadByte();
            if (i == 4 && b > 0x0f) throw new InvalidDataException("an integer of more than 32 bits");
            n |= (uint)(b & 0x7f) << (7 * i);
            if (b < 0x80) return (int)n;
        }
        throw new InvalidDataException();
    }

    static void WriteInt(BinaryWriter w, int value)
    {
        uint n = (uint)value;
        for (; n >= 0x80; n >>= 7) w.Write((byte)(n | 0x80));
        w.Write((byte)n);
    }

    // Reads the payload and no byte more: the rest of the stream is heartbeats.
    public static Payload Read(Stream s)
    {
        var r = new BinaryReader(s, new UTF8Encoding(false, true));
        Program.Check(r.ReadByte() == 1, "version");
        var p = new Payload { Id = r.ReadString(), IsNew = r.ReadBoolean(), Abandoned = r.ReadBoolean(), ReadOnly = r.ReadBoolean(), Timeout = ReadInt(r) };
        for (int n = ReadInt(r); n > 0; n--)
        {
            string key = r.ReadString();
            int length = ReadInt(r);
            byte[] value = r.ReadBytes(length);
            if (value.Length != length) throw new EndOfStreamException();
            p.Items.Add(new KeyValuePair<string, byte[]>(key, value));
        }
        for (int n = ReadInt(r); n > 0; n--) p.Unknown.Add(r.ReadString());
        return p;
    }

    public void Write(Stream s)
    {
        var w = new BinaryWriter(s, new UTF8Encoding(false));
        w.Write((byte)1);
        w.Write(Id);
        w.Write(IsNew);
        w.Write(Abandoned);
        w.Write(ReadOnly);
        WriteInt(w, Timeout);
        WriteInt(w, Items.Count);
        foreach (var item in Items)
        {
            w.Write(item.Key);
            WriteInt(w, item.Value.Length);
            w.Write(item.Value);
        }
        WriteInt(w, Unknown.Count);
        foreach (string key in Unknown) w.Write(key);
        w.Flush();
    }

    public string this[string key]
    {
        get
        {
            foreach (var item in Items) if (item.Key == key) return Encoding.UTF8.GetString(item.Value);
            return null;
        }
        set
        {
            Items.RemoveAll(item => item.Key == key);
            if (value != null) Items.Add(new KeyValuePair<string, byte[]>(key, Encoding.UTF8.GetBytes(value)));
        }
    }
}

// A writable load, whose answer goes on until it is committed or left.
class Load : IDisposable
{
    readonly HttpWebRequest request;
    readonly HttpWebResponse response;
    readonly Stream body;
    public readonly Payload Session;

    public Load(string id)
    {
        request = Program.Request("GET", id);
        request.Headers["X-SystemWebAdapter-RemoteAppSession-ReadOnly"] = "False";
        response = (HttpWebResponse)request.GetResponse();
        body = response.GetResponseStream();
        Session = Payload.Read(body);
        Program.Check(!Session.ReadOnly && Session.Unknown.Count == 0 && !Session.Abandoned, "a writable load");
    }

    public string Cookie { get { return response.Headers["Set-Cookie"]; } }

    // Sends a commit and reads the load to its end: heartbeats alone.
    public int Commit()
    {
        int status = Program.Put(Session);
        for (int b; (b = body.ReadByte()) >= 0;) Program.Check(b == '\n', "a heartbeat");
        response.Close();
        return status;
    }

    // Leaves without a commit, as a request does that throws.
    public void Dispose() { request.Abort(); }
}

static class Program
{
    static string url, key;

    public static void Check(bool holds, string what)
    {
        if (!holds) throw new Exception("not so: " + what);
    }

    public static HttpWebRequest Request(string method, string id)
    {
        var r = (HttpWebRequest)WebRequest.Create(url);
        r.Method = method;
        r.AllowAutoRedirect = false;
        r.Timeout = r.ReadWriteTimeout = 100000;
        r.Headers["X-SystemWebAdapter-RemoteAppAuthentication-Key"] = key;
        if (id != null) r.Headers["Cookie"] = "ASP.NET_SessionId=" + id;
        return r;
    }

    static int Status(HttpWebRequest r)
    {
        try
        {
            using (var response = (HttpWebResponse)r.GetResponse()) return (int)response.StatusCode;
        }
        catch (WebException e)
        {
            var response = (HttpWebResponse)e.Response;
            if (response == null) throw;
            using (response) return (int)response.StatusCode;
        }
    }

    public static int Put(Payload p)
    {
        var r = Request("PUT", p.Id);
        r.SendChunked = true; // of unknown length, as the stock client's
        r.AllowWriteStreamBuffering = false;
        using (var s = r.GetRequestStream()) p.Write(s);
        return Status(r);
    }

    static Payload Look(string id)
    {
        var r = Request("GET", id);
        r.Headers["X-SystemWebAdapter-RemoteAppSession-ReadOnly"] = "True";
        using (var response = (HttpWebResponse)r.GetResponse())
        using (var s = response.GetResponseStream())
        {
            var p = Payload.Read(s);
            Check(p.ReadOnly && s.ReadByte() < 0, "a read-only load, and nothing behind it");
            Check(response.Headers["Set-Cookie"] == null, "no cookie");
            return p;
        }
    }

    static int Count(Payload p) { return int.Parse(p["CoreCount"], CultureInfo.InvariantCulture); }

    static void Main(string[] args)
    {
        url = args[0] + "/systemweb-adapters/session";
        key = args[1];
        string id = args[2];
        int threads = int.Parse(args[3]), rounds = int.Parse(args[4]);
        ServicePointManager.DefaultConnectionLimit = 4 * threads;
        ServicePointManager.Expect100Continue = false;

        // A load shows the session, a commit is carried out, and there is none after it.
        int start = Count(Look(id));
        var load = new Load(id);
        Check(load.Session.Id == id && !load.Session.IsNew && load.Session.Timeout == 20 && load.Cookie == null, "the session");
        Check(load.Session.Items.Count == 2, "two items");
        load.Session["UserName"] = "\"Zo\\u00EB \\u003Cadmin\\u003E\"";
        load.Session.Timeout = 30;
        Check(load.Commit() == 200, "a commit");
        Check(Put(load.Session) == 400, "no second one");

        // Requests of one session are serial.
        var workers = new List<Thread>();
        var failures = new List<Exception>();
        for (int t = 0; t < threads; t++)
        {
            var worker = new Thread(() =>
            {
                try
                {
                    for (int i = 0; i < rounds; i++)
                    {
                        var one = new Load(id);
                        one.Session["CoreCount"] = (Count(one.Session) + 1).ToString(CultureInfo.InvariantCulture);
                        Check(one.Commit() == 200, "a commit");
                    }
                }
                catch (Exception e)
                {
                    lock (failures) failures.Add(e);
                }
            });
            workers.Add(worker);
            worker.Start();
        }
        foreach (var worker in workers) worker.Join();
        Check(failures.Count == 0, "every commit; " + string.Join("; ", failures));

        // Who goes away changes nothing; the next one gets the lock.
        using (new Load(id)) { }
        var after = Look(id);
        Check(Count(after) == start + threads * rounds && after.Timeout == 30 && after["UserName"].StartsWith("\"Zo"), "what was committed");

        // A commit that cannot be carried out is refused, and the lock given back.
        load = new Load(id);
        load.Session["CoreCount"] = "\"none\"";
        Check(load.Commit() == 400, "a refused commit");

        // A new session, its cookie, and its end.
        Check(Look(null).IsNew, "a new session that is only looked at");
        load = new Load(null);
        string fresh = load.Session.Id;
        Check(load.Session.IsNew && load.Cookie == "ASP.NET_SessionId=" + fresh + "; path=/; HttpOnly; SameSite=Lax", "a new session and its cookie");
        load.Session["UserName"] = "\"new\"";
        Check(load.Commit() == 200, "its commit");
        Check(!Look(fresh).IsNew && Look(fresh)["UserName"] == "\"new\"", "what is in it");
        load = new Load(fresh);
        load.Session.Abandoned = true;
        Check(load.Commit() == 200, "its end");
        Check(Look(fresh).IsNew, "that it is no more");

        key = "00000000-0000-0000-0000-000000000001";
        Check(Status(Request("GET", id)) == 401, "a wrong key");
        Console.WriteLine("ok");
    }
}
