// sqlclient issues the commands of ASP.NET's SQL session-state providers through System.Data.SqlClient, which we did not
// write, against a server that is to behave as SQL Server does towards them, and checks every output.
//
//     sqlclient.exe inbox CONNECTIONSTRING      the commands of the in-box store (mode="SQLServer")
//     sqlclient.exe async CONNECTIONSTRING      those of async 2.1 with repositoryType SqlServer, InMemory and InMemoryDurable, and
//                                               with a table of its own name
//     sqlclient.exe compat CONNECTIONSTRING     those of async 2.1 with FrameworkCompat, over the tables of aspnet_regsql
//     sqlclient.exe statements CONNECTIONSTRING statements like those of async 1.1, and of FrameworkCompat over its table
//     sqlclient.exe chunks CONNECTIONSTRING     those of Microsoft.Web.SessionState.SqlInMemory
//     sqlclient.exe driver CONNECTIONSTRING     the pool and its resets, transactions, errors
//     sqlclient.exe cancel CONNECTIONSTRING     gets of a locked session that are given up; for each that has arrived at the
//                                               server, a line is read from standard input
//     sqlclient.exe wrong CONNECTIONSTRING      a login that must be refused with error 18456
//
// What the providers send and expect: sql-layouts.md 3.5, 5, 6.2, 7 and 9, tds-server-notes.md 12. The Go tests of package bridge/tds
// compile and run it. It exits with 1 and a line for each thing that is not as expected.
using System;
using System.Data;
using System.Data.SqlClient;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;

static class Client
{
    static int failures;

    static void Check(bool good, string what, params object[] more)
    {
        if (good) return;
        failures++;
        Console.WriteLine(string.Format(what, more));
    }

    static int Main(string[] args)
    {
        if (args.Length != 2)
        {
            Console.Error.WriteLine("usage: sqlclient.exe inbox|async|compat|statements|chunks|driver|cancel|wrong CONNECTIONSTRING");
            return 2;
        }
        switch (args[0])
        {
            case "inbox": Inbox(args[1]); break;
            case "async":
                foreach (var after in new[] { "", "M", "MD" }) Async(args[1], "", after);
                Async(args[1], "Shop_", "");
                break;
            case "compat": Compat(args[1]); break;
            case "statements":
                Statements(args[1], "ASPStateTempSessions", false, "\r\n");
                Statements(args[1], "ASPStateTempSessions", true, "\r\n");
                Statements(args[1], "Shop", false, "\n");
                break;
            case "chunks": Chunks(args[1]); break;
            case "driver": Driver(args[1]); break;
            case "cancel": Cancel(args[1]); break;
            case "wrong": Wrong(args[1]); break;
            default: return 2;
        }
        if (failures == 0) Console.WriteLine("as expected");
        Console.Out.Flush();
        if (Type.GetType("Mono.Runtime") != null) Leave(failures == 0 ? 0 : 1);
        return failures == 0 ? 0 : 1;
    }

    // Leave ends the process. Mono's own way out takes most of a minute now and then, when commands have run asynchronously.
    [DllImport("libc", EntryPoint = "_exit")]
    static extern void Leave(int code);

    static void Wrong(string connection)
    {
        try
        {
            using (var c = new SqlConnection(connection)) c.Open();
            Check(false, "a wrong password is accepted");
        }
        catch (SqlException e)
        {
            Check(e.Number == 18456, "a wrong password gives {0}: {1}", e.Number, e.Message);
        }
    }

    // Read is what a read of a session gave.
    class Read
    {
        public object Locked, Age, Cookie, Flags;
        public byte[] Payload;
        public bool Missing { get { return Locked == DBNull.Value; } }
    }

    static SqlParameter Out(SqlCommand c, string name, SqlDbType type, int size)
    {
        var p = size > 0 ? c.Parameters.Add(name, type, size) : c.Parameters.Add(name, type);
        p.Direction = ParameterDirection.Output;
        p.Value = DBNull.Value;
        return p;
    }

    static SqlCommand Procedure(SqlConnection c, string name)
    {
        return new SqlCommand(name, c) { CommandType = CommandType.StoredProcedure };
    }

    static byte[] Noise(int length, int seed)
    {
        var b = new byte[length];
        new Random(seed).NextBytes(b);
        return b;
    }

    static bool Same(byte[] a, byte[] b) { return a != null && b != null && a.SequenceEqual(b); }

    // ---- the in-box store: one connection that it keeps

    static Read InboxRead(SqlConnection c, string procedure, string id)
    {
        using (var q = Procedure(c, procedure))
        {
            q.Parameters.Add("@id", SqlDbType.NVarChar, 88).Value = id;
            var item = Out(q, "@itemShort", SqlDbType.VarBinary, 7000);
            var locked = Out(q, "@locked", SqlDbType.Bit, 0);
            var age = Out(q, "@lockAge", SqlDbType.Int, 0);
            var cookie = Out(q, "@lockCookie", SqlDbType.Int, 0);
            var flags = Out(q, "@actionFlags", SqlDbType.Int, 0);
            byte[] row = null;
            using (var reader = q.ExecuteReader())
                if (reader.Read()) row = (byte[])reader[0];
            Placed(item, row);
            return new Read
            {
                Locked = locked.Value, Age = age.Value, Cookie = cookie.Value, Flags = flags.Value,
                Payload = row ?? item.Value as byte[],
            };
        }
    }

    // Placed checks that a short item is the output, and a long one the row.
    static void Placed(SqlParameter item, byte[] row)
    {
        var output = item.Value as byte[];
        Check(output == null ? item.Value == DBNull.Value : row == null && output.Length <= 7000, "an item is an output of {0} and a row of {1} bytes",
            output == null ? -1 : output.Length, row == null ? -1 : row.Length);
        Check(row == null || row.Length > 7000, "an item of {0} bytes is a row", row == null ? -1 : row.Length);
    }

    static int InboxWrite(SqlConnection c, string procedure, string id, byte[] item, int timeout, int? cookie)
    {
        using (var q = Procedure(c, procedure))
        {
            q.Parameters.Add("@id", SqlDbType.NVarChar, 88).Value = id;
            if (procedure.EndsWith("Long") && !procedure.EndsWith("NullLong") || procedure.EndsWith("LongNullShort"))
                q.Parameters.Add("@itemLong", SqlDbType.Image).Value = item;
            else if (item != null)
                q.Parameters.Add("@itemShort", SqlDbType.VarBinary, 7000).Value = item;
            if (item != null) q.Parameters.Add("@timeout", SqlDbType.Int).Value = timeout;
            if (cookie != null) q.Parameters.Add("@lockCookie", SqlDbType.Int).Value = cookie;
            return q.ExecuteNonQuery();
        }
    }

    static void Inbox(string connection)
    {
        using (var c = new SqlConnection(connection))
        {
            c.Open();
            using (var q = new SqlCommand("Select name from sysobjects where type = 'P' and name = 'TempGetVersion'", c))
                Check(q.ExecuteScalar() is string, "TempGetVersion is not found");
            using (var q = Procedure(c, "dbo.GetMajorVersion"))
            {
                var version = Out(q, "@@ver", SqlDbType.Int, 0);
                q.ExecuteNonQuery();
                Check(version.Value is int && (int)version.Value >= 8, "GetMajorVersion: {0}", version.Value);
            }
            int app;
            using (var q = Procedure(c, "dbo.TempGetAppID"))
            {
                q.Parameters.Add("@appName", SqlDbType.VarChar, 280).Value = "/lm/w3svc/5/root/mono";
                var id = Out(q, "@appId", SqlDbType.Int, 0);
                q.ExecuteNonQuery();
                app = (int)id.Value;
            }
            string session = "monosessionmonosession00" + app.ToString("x8");
            foreach (var read in new[] { "dbo.TempGetStateItem3", "dbo.TempGetStateItemExclusive3" })
                Check(InboxRead(c, read, session).Missing, "{0} finds what is not there", read);

            Check(InboxWrite(c, "dbo.TempInsertUninitializedItem", session, new byte[] { 20, 0, 0, 0, 0, 0, 255 }, 20, null) == 1, "the uninitialized item is not inserted");
            try
            {
                InboxWrite(c, "dbo.TempInsertUninitializedItem", session, new byte[] { 1 }, 20, null);
                Check(false, "a second insert succeeds");
            }
            catch (SqlException e)
            {
                Check(e.Number == 2627, "a second insert gives {0}", e.Number);
            }
            var first = InboxRead(c, "dbo.TempGetStateItemExclusive3", session);
            Check((bool)first.Locked == false && (int)first.Flags == 1 && (int)first.Cookie == 2 && (int)first.Age == 0 && first.Payload.Length == 7,
                "the first exclusive read: locked {0}, flags {1}, cookie {2}, age {3}", first.Locked, first.Flags, first.Cookie, first.Age);
            foreach (var read in new[] { "dbo.TempGetStateItem3", "dbo.TempGetStateItemExclusive3" })
            {
                var again = InboxRead(c, read, session);
                Check((bool)again.Locked && (int)again.Cookie == 2 && (int)again.Flags == 0 && again.Payload == null && (int)again.Age >= 0,
                    "{0} of a locked session: locked {1}, cookie {2}, payload {3}", read, again.Locked, again.Cookie, again.Payload);
            }
            Check(InboxWrite(c, "dbo.TempUpdateStateItemShort", session, Noise(10, 1), 20, 1) == 0, "a wrong cookie writes");
            Check(InboxWrite(c, "dbo.TempReleaseStateItemExclusive", session, null, 0, 1) == 0, "a wrong cookie releases");
            Check(InboxWrite(c, "dbo.TempRemoveStateItem", session, null, 0, 1) == 0, "a wrong cookie removes");

            int cookie = 2, before = 7;
            foreach (int length in new[] { 185, 7000, 7001, 20085, 145, 2 << 20, 185 })
            {
                var item = Noise(length, length);
                var update = length <= 7000 ? (before <= 7000 ? "Short" : "ShortNullLong") : (before <= 7000 ? "LongNullShort" : "Long");
                Check(InboxWrite(c, "dbo.TempUpdateStateItem" + update, session, item, 25, cookie) == 1, "{0} of {1} bytes is not counted", update, length);
                var read = InboxRead(c, "dbo.TempGetStateItemExclusive3", session);
                cookie++;
                before = length;
                Check((bool)read.Locked == false && (int)read.Cookie == cookie && Same(read.Payload, item), "{0} bytes: cookie {1}, {2} bytes come back",
                    length, read.Cookie, read.Payload == null ? -1 : read.Payload.Length);
            }
            Check(InboxWrite(c, "dbo.TempReleaseStateItemExclusive", session, null, 0, cookie) == 1, "the release is not counted");
            Check((bool)InboxRead(c, "dbo.TempGetStateItem3", session).Locked == false, "a released session is locked");
            Check(InboxWrite(c, "dbo.TempResetTimeout", session, null, 0, null) == 1, "the new timeout is not counted");
            Check(InboxWrite(c, "dbo.TempRemoveStateItem", session, null, 0, cookie) == 1, "the removal is not counted");
            Check(InboxRead(c, "dbo.TempGetStateItem3", session).Missing, "a removed session is found");
            foreach (var insert in new[] { "Short", "Long" })
            {
                var item = Noise(insert == "Short" ? 7000 : 7001, 9);
                var id = ("mono" + insert + "monosessionmonosession").Substring(0, 24) + app.ToString("x8");
                Check(InboxWrite(c, "dbo.TempInsertStateItem" + insert, id, item, 20, null) == 1, "inserting {0} is not counted", insert);
                Check(Same(InboxRead(c, "dbo.TempGetStateItem3", id).Payload, item), "an inserted {0} item comes back otherwise", insert);
            }
            try
            {
                using (var q = Procedure(c, "dbo.sp_help")) q.ExecuteNonQuery();
                Check(false, "an unknown procedure is answered");
            }
            catch (SqlException e)
            {
                Check(e.Number == 2812, "an unknown procedure gives {0}", e.Number);
            }
            Check(c.State == ConnectionState.Open, "an error closed the connection");
        }
    }

    // ---- async providers: a connection out of the pool for each call

    static Read AsyncRead(string connection, string procedure, string id)
    {
        using (var c = new SqlConnection(connection))
        using (var q = Procedure(c, procedure)) return AsyncRead(c, q, id);
    }

    static Read AsyncRead(SqlConnection c, SqlCommand q, string id)
    {
        c.Open();
        q.Parameters.Add("@SessionId", SqlDbType.NVarChar, 88).Value = id;
        return Outputs(q, null);
    }

    // Outputs runs a read, whose payload is the output item, if there is one, or a row.
    static Read Outputs(SqlCommand q, SqlParameter item)
    {
        var locked = Out(q, "@Locked", SqlDbType.Bit, 0);
        var age = Out(q, "@LockAge", SqlDbType.Int, 0);
        var cookie = Out(q, "@LockCookie", SqlDbType.Int, 0);
        var flags = Out(q, "@ActionFlags", SqlDbType.Int, 0);
        byte[] row = null;
        using (var reader = q.ExecuteReader())
            if (reader.Read()) row = (byte[])reader[0];
        if (item != null) Placed(item, row);
        return new Read
        {
            Locked = locked.Value, Age = age.Value, Cookie = cookie.Value, Flags = flags.Value,
            Payload = row ?? (item == null ? null : item.Value as byte[]),
        };
    }

    static int AsyncWrite(string connection, string procedure, string id, int? cookie, byte[] item)
    {
        using (var c = new SqlConnection(connection))
        using (var q = Procedure(c, procedure))
        {
            c.Open();
            q.Parameters.Add("@SessionId", SqlDbType.NVarChar, 88).Value = id;
            if (cookie != null) q.Parameters.Add("@LockCookie", SqlDbType.Int).Value = cookie;
            if (item != null)
            {
                q.Parameters.Add("@Timeout", SqlDbType.Int).Value = 20;
                q.Parameters.Add("@SessionItemLong", SqlDbType.VarBinary, item.Length).Value = item;
            }
            return q.ExecuteNonQuery();
        }
    }

    // Provider is how one of the async providers reads and writes. What it does is called as the procedures of 2.1 are.
    class Provider
    {
        public string Name;
        public Func<string, string, Read> Read;              // what, id
        public Func<string, string, int?, byte[], int> Write; // what, id, cookie, item
        public bool EmptyFlags;                              // what an exclusive read of an absent session gives as ActionFlags is 0, and not NULL
    }

    // Sees checks all that a read gave. cookie: -1 for an absent session. item: null for a locked one.
    static void Sees(Provider p, string what, string id, int cookie, int flags, byte[] item, string when)
    {
        var r = p.Read(what, id);
        bool good;
        if (cookie < 0)
            good = r.Missing && r.Age == DBNull.Value && r.Cookie == DBNull.Value && r.Payload == null &&
                (p.EmptyFlags && what == "GetStateItemExclusive" ? 0.Equals(r.Flags) : r.Flags == DBNull.Value);
        else
            good = (item == null).Equals(r.Locked) && cookie.Equals(r.Cookie) && flags.Equals(r.Flags) && r.Age is int &&
                (item == null ? r.Payload == null : Same(r.Payload, item)) &&
                (item != null && what == "GetStateItemExclusive" ? 0.Equals(r.Age) : (int)r.Age >= 0);
        Check(good, "{0}: {1} {2}: locked {3}, age {4}, cookie {5}, flags {6}, {7} bytes", p.Name, what, when, r.Locked, r.Age, r.Cookie, r.Flags,
            r.Payload == null ? -1 : r.Payload.Length);
    }

    static void Writes(Provider p, string what, string id, int? cookie, byte[] item, int rows, string when)
    {
        int n = p.Write(what, id, cookie, item);
        Check(n == rows, "{0}: {1} {2} writes {3} rows", p.Name, what, when, n);
    }

    static void Duplicate(Provider p, string what, string id)
    {
        try
        {
            p.Write(what, id, null, Noise(30, 1));
            Check(false, "{0}: {1} succeeds a second time", p.Name, what);
        }
        catch (SqlException e)
        {
            Check(e.Number == 2627, "{0}: {1} gives {2} the second time", p.Name, what, e.Number);
        }
    }

    // Provided checks what a provider does to sessions whose ids begin with some letters.
    static void Provided(Provider p, string letters)
    {
        const string shared = "GetStateItem", exclusive = "GetStateItemExclusive";
        Func<string, string> named = last => (letters + "sessionsessionsession").Substring(0, 23) + last + "0badcafe";
        string id = named("0"), other = named("1");
        byte[] item = Noise(7, 1);
        Action absent = () =>
        {
            foreach (var read in new[] { shared, exclusive }) Sees(p, read, id, -1, 0, null, "of what is not there");
            Writes(p, "UpdateStateItem", id, 1, item, 0, "of what is not there");
            Writes(p, "ReleaseItemExclusive", id, 1, null, 0, "of what is not there");
            Writes(p, "RemoveStateItem", id, 1, null, 0, "of what is not there");
            Writes(p, "ResetItemTimeout", id, null, null, 0, "of what is not there");
        };
        absent();
        Writes(p, "InsertUninitializedItem", id, null, item, 1, "at first");
        foreach (var insert in new[] { "InsertUninitializedItem", "InsertStateItem" }) Duplicate(p, insert, id);
        Sees(p, shared, id, 1, 1, item, "at first");
        Sees(p, shared, id, 1, 0, item, "the second time");
        Writes(p, "InsertUninitializedItem", other, null, item, 1, "of another");
        Sees(p, exclusive, other, 2, 1, item, "at first");
        Sees(p, shared, other, 2, 0, null, "after that");

        int cookie = 1;
        foreach (int length in new[] { 185, 7000, 7001, 8000, 8001, 20085, 145, 2 << 20, 185 })
        {
            Sees(p, exclusive, id, ++cookie, 0, item, "of a free one");
            Action locked = () =>
            {
                foreach (var read in new[] { shared, exclusive }) Sees(p, read, id, cookie, 0, null, "of a locked one");
            };
            locked();
            foreach (int wrong in new[] { cookie - 1, cookie + 1 })
            {
                Writes(p, "UpdateStateItem", id, wrong, Noise(30, 1), 0, "with a wrong cookie");
                Writes(p, "ReleaseItemExclusive", id, wrong, null, 0, "with a wrong cookie");
                Writes(p, "RemoveStateItem", id, wrong, null, 0, "with a wrong cookie");
            }
            locked();
            item = Noise(length, length);
            Writes(p, "UpdateStateItem", id, cookie, item, 1, "of " + length + " bytes");
            Sees(p, shared, id, cookie, 0, item, "of what is written");
        }
        Sees(p, exclusive, id, ++cookie, 0, item, "of a free one");
        Writes(p, "ResetItemTimeout", id, null, null, 1, "of a locked one");
        Sees(p, shared, id, cookie, 0, null, "of a locked one");
        Writes(p, "ReleaseItemExclusive", id, cookie, null, 1, "with its cookie");
        Writes(p, "ResetItemTimeout", id, null, null, 1, "of a free one");
        Sees(p, shared, id, cookie, 0, item, "of a released one");
        Writes(p, "RemoveStateItem", id, cookie - 1, null, 0, "with a wrong cookie");
        Sees(p, shared, id, cookie, 0, item, "after that");
        Writes(p, "RemoveStateItem", id, cookie, null, 1, "with its cookie");
        absent();

        foreach (int length in new[] { 145, 7000, 20085 })
        {
            Writes(p, "InsertStateItem", id, null, Noise(length, 9), 1, "of " + length + " bytes");
            Duplicate(p, "InsertStateItem", id);
            Sees(p, exclusive, id, 2, 0, Noise(length, 9), "of what is inserted");
            Writes(p, "RemoveStateItem", id, 2, null, 1, "with its cookie");
        }
        absent();
        Sees(p, shared, other, 2, 0, null, "after all, of another");
    }

    // Async is 2.1 with procedures of its own, whose names have something before them or behind.
    static void Async(string connection, string before, string after)
    {
        using (var c = new SqlConnection(connection))
        {
            c.Open();
            using (var t = c.BeginTransaction(IsolationLevel.ReadCommitted))
            {
                using (var q = new SqlCommand("SELECT Count(*) FROM INFORMATION_SCHEMA.ROUTINES WHERE ROUTINE_TYPE = 'PROCEDURE' AND ROUTINE_NAME = '" + before + "GetStateItem" + after + "'", c, t))
                    Check((int)q.ExecuteScalar() == 1, "{0}GetStateItem{1} is not there", before, after);
                t.Commit();
            }
        }
        Provided(new Provider
        {
            Name = "async 2.1, " + before + "P" + after,
            Read = (what, id) => AsyncRead(connection, before + what + after, id),
            Write = (what, id, cookie, item) => AsyncWrite(connection, before + what + after, id, cookie, item),
            EmptyFlags = after != "",
        }, "async" + before + after);
        Runs(connection, before + "DeleteExpiredSessionState" + after, CommandType.StoredProcedure);
    }

    static void Runs(string connection, string what, CommandType type)
    {
        using (var c = new SqlConnection(connection))
        using (var q = new SqlCommand(what, c) { CommandType = type })
        {
            c.Open();
            q.ExecuteNonQuery();
        }
    }

    // ---- FrameworkCompat: its own spelling of the in-box store's procedures, or the statements of 1.1

    // Detected asks for the kind of the table as FrameworkCompat does at its start (sql-layouts.md 7).
    static void Detected(string connection, string table, int want)
    {
        const string from = " FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = @name AND COLUMN_NAME = ";
        using (var c = new SqlConnection(connection))
        using (var q = new SqlCommand("DECLARE @name nvarchar(128) = N'" + table + "', @tableType int = 4, @kind nvarchar(128)\n" +
            "SELECT @kind = DATA_TYPE" + from + "'SessionItemLong'\n" +
            "IF @kind = 'image' SET @tableType = 3\n" +
            "IF (SELECT COUNT(*)" + from + "'SessionItemShort') = 1 SET @tableType = 2\n" +
            "IF (SELECT COUNT(*)" + from + "'LockDateLocal') = 0 SET @tableType = 1\n" +
            "SELECT @tableType, 0", c))
        {
            c.Open();
            using (var reader = q.ExecuteReader())
                Check(reader.Read() && reader.FieldCount == 2 && want.Equals(reader[0]) && 0.Equals(reader[1]) && !reader.Read(), "the table of {0} is of another kind", table);
        }
    }

    static void Compat(string connection)
    {
        Detected(connection, "ASPStateTempSessions", 2);
        int before = 0; // bytes of what was read
        Func<string, byte[], string> procedure = (what, item) =>
        {
            bool isLong = item != null && item.Length > 7000;
            switch (what)
            {
                case "GetStateItem": return "TempGetStateItem3";
                case "GetStateItemExclusive": return "TempGetStateItemExclusive3";
                case "InsertStateItem": return "TempInsertStateItem" + (isLong ? "Long" : "Short");
                case "ReleaseItemExclusive": return "TempReleaseStateItemExclusive";
                case "ResetItemTimeout": return "TempResetTimeout";
                case "UpdateStateItem": // those for long items are exchanged (sql-layouts.md 7.1)
                    return "TempUpdateStateItem" + (before <= 7000 ? (isLong ? "Long" : "Short") : (isLong ? "LongNullShort" : "ShortNullLong"));
            }
            return "Temp" + what;
        };
        Provided(new Provider
        {
            Name = "FrameworkCompat",
            Read = (what, id) =>
            {
                using (var c = new SqlConnection(connection))
                using (var q = Procedure(c, procedure(what, null)))
                {
                    c.Open();
                    q.Parameters.Add("@id", SqlDbType.NVarChar, 88).Value = id;
                    var r = Outputs(q, Out(q, "@ItemShort", SqlDbType.VarBinary, 7000));
                    if (r.Payload != null) before = r.Payload.Length;
                    return r;
                }
            },
            Write = (what, id, cookie, item) =>
            {
                using (var c = new SqlConnection(connection))
                using (var q = Procedure(c, procedure(what, item)))
                {
                    c.Open();
                    q.Parameters.Add("@id", SqlDbType.NVarChar, 88).Value = id;
                    if (item != null)
                    {
                        if (item.Length > 7000) q.Parameters.Add("@ItemLong", SqlDbType.Image, item.Length).Value = item;
                        else q.Parameters.Add("@ItemShort", SqlDbType.VarBinary, item.Length).Value = item;
                        q.Parameters.Add("@Timeout", SqlDbType.Int).Value = 20;
                    }
                    if (cookie != null) q.Parameters.Add("@LockCookie", SqlDbType.Int).Value = cookie;
                    return q.ExecuteNonQuery();
                }
            },
        }, "compat");
        Runs(connection, "DeleteExpiredSessions", CommandType.StoredProcedure);
    }

    // Text is a statement that does to a row of a table with an image what a procedure of 2.1 does (sql-layouts.md 3.6, 5). It is
    // our own: of those that the providers send it has the parameters and the effect.
    static string Text(string what, string table, bool memory)
    {
        const string row = "\nWHERE SessionId = @SessionId", owned = row + " AND LockCookie = @LockCookie", flag = "@ActionFlags = Flags & 1, Flags = Flags & ~1",
            touched = "Expires = DATEADD(minute, Timeout, GETUTCDATE())";
        string update = "UPDATE " + table + (memory ? "" : " WITH (ROWLOCK, XLOCK)") + "\nSET " + touched;
        string payload = memory
            ? "\nIF @Locked = 0\n    SELECT SessionItemLong FROM " + table + row
            : "\nIF @pointer IS NOT NULL\n    READTEXT " + table + ".SessionItemLong @pointer 0 0\nCOMMIT TRANSACTION";
        const string begun = "DECLARE @pointer varbinary(16)\nBEGIN TRANSACTION\n", pointed = ",\n    @pointer = CASE WHEN Locked = 1 THEN NULL ELSE TEXTPTR(SessionItemLong) END";
        switch (what)
        {
            case "GetStateItem":
                return (memory ? "" : begun) + update + ",\n    @Locked = Locked, @LockAge = DATEDIFF(ss, LockDate, GETUTCDATE()), @LockCookie = LockCookie, " + flag +
                    (memory ? "" : pointed) + row + payload;
            case "GetStateItemExclusive":
                if (!memory)
                    return begun + update + ",\n    @LockAge = Locked * DATEDIFF(ss, LockDate, GETUTCDATE())," +
                        "\n    LockDate = CASE WHEN Locked = 1 THEN LockDate ELSE GETUTCDATE() END, LockDateLocal = CASE WHEN Locked = 1 THEN LockDateLocal ELSE GETDATE() END," +
                        "\n    @LockCookie = LockCookie = CASE WHEN Locked = 1 THEN LockCookie ELSE LockCookie + 1 END,\n    @Locked = Locked, Locked = 1, " + flag + pointed + row + payload;
                return "DECLARE @LockedCheck bit\nSET @ActionFlags = 0\nSELECT @LockedCheck = Locked, @ActionFlags = Flags & 1 FROM " + table + row +
                    "\nIF @ActionFlags = 1\n    UPDATE " + table + " SET Flags = Flags & ~1" + row +
                    "\nIF @LockedCheck = 0\n    " + update + ", @LockAge = 0, @Locked = Locked, Locked = 1, LockDate = GETUTCDATE(), LockDateLocal = GETDATE(), @LockCookie = LockCookie = LockCookie + 1" + row +
                    "\nELSE\n    " + update + ", @LockAge = DATEDIFF(ss, LockDate, GETUTCDATE()), @Locked = Locked, @LockCookie = LockCookie" + row + payload;
            case "InsertStateItem":
            case "InsertUninitializedItem":
                bool fresh = what == "InsertUninitializedItem";
                return "INSERT INTO " + table + " (SessionId, Timeout, SessionItemLong, Expires, LockDate, LockDateLocal, Locked, LockCookie" + (fresh ? ", Flags" : "") + ")" +
                    "\nVALUES (@SessionId, @Timeout, @SessionItemLong, DATEADD(minute, @Timeout, GETUTCDATE()), GETUTCDATE(), GETDATE(), 0, 1" + (fresh ? ", 1" : "") + ")";
            case "UpdateStateItem":
                return "UPDATE " + table + "\nSET Locked = 0, Timeout = @Timeout, Expires = DATEADD(minute, @Timeout, GETUTCDATE()), SessionItemLong = @SessionItemLong" + owned;
            case "ReleaseItemExclusive": return "UPDATE " + table + "\nSET Locked = 0, " + touched + owned;
            case "RemoveStateItem": return "DELETE FROM " + table + owned;
            case "ResetItemTimeout": return "UPDATE " + table + "\nSET " + touched + row;
        }
        throw new ArgumentException(what);
    }

    // Statements is 1.1, and FrameworkCompat over its table. end: how lines end.
    static void Statements(string connection, string table, bool memory, string end)
    {
        Detected(connection, table, 3);
        Runs(connection, "IF NOT EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = '" + table + "')\nCREATE TABLE " + table + " (SessionId nvarchar(88) NOT NULL PRIMARY KEY)", CommandType.Text);
        Func<SqlConnection, string, SqlCommand> statement = (c, what) => new SqlCommand(Text(what, table, memory).Replace("\n", end), c);
        Provided(new Provider
        {
            Name = "async 1.1, " + table + (memory ? " in memory" : ""),
            Read = (what, id) =>
            {
                using (var c = new SqlConnection(connection))
                using (var q = statement(c, what)) return AsyncRead(c, q, id);
            },
            Write = (what, id, cookie, item) =>
            {
                using (var c = new SqlConnection(connection))
                using (var q = statement(c, what))
                {
                    c.Open();
                    q.Parameters.Add("@SessionId", SqlDbType.NVarChar, 88).Value = id;
                    if (item != null)
                    {
                        q.Parameters.Add("@SessionItemLong", SqlDbType.Image, item.Length).Value = item;
                        q.Parameters.Add("@Timeout", SqlDbType.Int).Value = 20;
                    }
                    if (cookie != null) q.Parameters.Add("@LockCookie", SqlDbType.Int).Value = cookie;
                    return q.ExecuteNonQuery();
                }
            },
            EmptyFlags = memory,
        }, "text" + table.Substring(0, 4) + (memory ? "m" : "d"));
        Runs(connection, ("SELECT SessionId INTO #tblExpiredSessions FROM " + table + " WHERE Expires < GETUTCDATE()\nDELETE FROM " + table + " WHERE SessionId IN (SELECT SessionId FROM #tblExpiredSessions)\nDROP TABLE #tblExpiredSessions").Replace("\n", end), CommandType.Text);
    }

    // ---- SqlInMemory: payloads of up to 7000 bytes, in up to nine such, in a table

    const int Piece = 7000;

    static Read ChunkRead(SqlConnection c, string procedure, string id)
    {
        using (var q = Procedure(c, procedure))
        {
            q.Parameters.Add("@SessionId", SqlDbType.NVarChar, 88).Value = id;
            var locked = Out(q, "@Locked", SqlDbType.Bit, 0);
            var age = Out(q, "@LockAge", SqlDbType.Int, 0);
            var cookie = Out(q, "@LockCookie", SqlDbType.Int, 0);
            var initialized = Out(q, "@Initialized", SqlDbType.Bit, 0);
            var item = Out(q, "@Item", SqlDbType.VarBinary, Piece);
            var pieces = new System.Collections.Generic.SortedDictionary<int, byte[]>();
            using (var reader = q.ExecuteReader())
                while (reader.Read()) pieces.Add((int)reader["SessionItemId"], (byte[])reader["Item"]);
            return new Read
            {
                Locked = locked.Value, Age = age.Value, Cookie = cookie.Value, Flags = initialized.Value,
                Payload = pieces.Count > 0 ? pieces.Values.SelectMany(piece => piece).ToArray() : item.Value as byte[],
            };
        }
    }

    static byte[] PieceOf(byte[] item, int n) { return item.Skip(n * Piece).Take(Piece).ToArray(); }

    static void ChunkWrite(SqlConnection c, string id, bool fresh, bool initialized, int cookie, byte[] item)
    {
        var pieces = (item.Length + Piece - 1) / Piece;
        using (var q = Procedure(c, "InsertOrUpdateStateItem" + (pieces <= 1 ? "" : pieces <= 9 ? "Medium" : "Large")))
        {
            q.Parameters.Add("@SessionId", SqlDbType.NVarChar, 88).Value = id;
            q.Parameters.Add("@NewItem", SqlDbType.Bit).Value = fresh;
            if (pieces <= 9) q.Parameters.Add("@Initialized", SqlDbType.Bit).Value = initialized;
            q.Parameters.Add("@LockCookie", SqlDbType.Int).Value = cookie;
            q.Parameters.Add("@Timeout", SqlDbType.Int).Value = 20;
            q.Parameters.Add("@ItemSize", SqlDbType.BigInt).Value = (long)item.Length;
            if (pieces <= 1)
                q.Parameters.Add("@Item", SqlDbType.VarBinary, Piece).Value = item;
            else if (pieces <= 9)
                for (int n = 0; n < 9; n++)
                    q.Parameters.Add("@Item" + (n + 1), SqlDbType.VarBinary, Piece).Value = n < pieces ? (object)PieceOf(item, n) : DBNull.Value;
            else
            {
                var table = new DataTable();
                table.Columns.Add("SessionItemId", typeof(long));
                table.Columns.Add("Item", typeof(byte[]));
                for (int n = 0; n < pieces; n++) table.Rows.Add((long)n + 1, PieceOf(item, n));
                var items = q.Parameters.Add("@Items", SqlDbType.Structured);
                items.TypeName = "dbo.SessionItemsTable";
                items.Value = table;
            }
            q.ExecuteNonQuery();
        }
    }

    static void ChunkChange(SqlConnection c, string procedure, string id, int? cookie)
    {
        using (var q = Procedure(c, procedure))
        {
            if (id != null) q.Parameters.Add("@SessionId", SqlDbType.NVarChar, 88).Value = id;
            if (cookie != null) q.Parameters.Add("@LockCookie", SqlDbType.Int).Value = cookie;
            q.ExecuteNonQuery();
        }
    }

    static void Chunks(string connection)
    {
        using (var c = new SqlConnection(connection))
        {
            c.Open();
            const string id = "chunkschunkschunkschunks";
            foreach (var procedure in new[] { "GetStateItem", "GetStateItemExclusive" })
            {
                var nothing = ChunkRead(c, procedure, id);
                Check(false.Equals(nothing.Locked) && 0.Equals(nothing.Age) && 0.Equals(nothing.Cookie) && false.Equals(nothing.Flags) && nothing.Payload == null,
                    "{0} finds what is not there: locked {1}, cookie {2}", procedure, nothing.Locked, nothing.Cookie);
            }
            ChunkWrite(c, id, true, false, 0, Noise(7, 1));
            try
            {
                ChunkWrite(c, id, true, false, 0, Noise(7, 1));
                Check(false, "a second insert succeeds");
            }
            catch (SqlException e)
            {
                Check(e.Number == 2627, "a second insert gives {0}", e.Number);
            }
            var first = ChunkRead(c, "GetStateItemExclusive", id);
            Check(false.Equals(first.Locked) && 0.Equals(first.Age) && false.Equals(first.Flags) && Same(first.Payload, Noise(7, 1)),
                "the first exclusive read: locked {0}, initialized {1}", first.Locked, first.Flags);
            int cookie = (int)first.Cookie;
            var item = Noise(7, 1);
            foreach (int length in new[] { 185, Piece, Piece + 1, 9 * Piece, 9 * Piece + 1, 20, 2 << 20, 185 })
            {
                var refused = ChunkRead(c, "GetStateItemExclusive", id);
                Check(true.Equals(refused.Locked) && cookie.Equals(refused.Cookie) && true.Equals(refused.Flags) && refused.Payload == null,
                    "a locked session: locked {0}, cookie {1}, initialized {2}", refused.Locked, refused.Cookie, refused.Flags);
                item = Noise(length, length);
                ChunkWrite(c, id, false, true, cookie - 1, Noise(30, 1));
                ChunkWrite(c, id, false, true, cookie, item);
                Check(Same(ChunkRead(c, "GetStateItem", id).Payload, item), "{0} bytes come back otherwise", length);
                var next = ChunkRead(c, "GetStateItemExclusive", id);
                Check(false.Equals(next.Locked) && (cookie + 1).Equals(next.Cookie) && Same(next.Payload, item), "{0} bytes: cookie {1}, want {2}", length, next.Cookie, cookie + 1);
                cookie++;
            }
            ChunkChange(c, "ReleaseStateItemExclusive", id, cookie - 1);
            Check(true.Equals(ChunkRead(c, "GetStateItem", id).Locked), "a stale cookie releases");
            ChunkChange(c, "ReleaseStateItemExclusive", id, cookie);
            ChunkChange(c, "ResetItemTimeout", id, null);
            Check(Same(ChunkRead(c, "GetStateItem", id).Payload, item), "a released session is another");
            ChunkChange(c, "RemoveItem", id, cookie - 1);
            Check(Same(ChunkRead(c, "GetStateItem", id).Payload, item), "a stale cookie removes");
            ChunkChange(c, "RemoveItem", id, cookie);
            Check(ChunkRead(c, "GetStateItem", id).Payload == null, "a removed session is found");
            ChunkWrite(c, id, true, true, 0, Noise(9 * Piece + 1, 3));
            var large = ChunkRead(c, "GetStateItem", id);
            Check(true.Equals(large.Flags) && Same(large.Payload, Noise(9 * Piece + 1, 3)), "a large item that is inserted comes back otherwise");
            ChunkChange(c, "DeleteExpiredSessions", null, null);
        }
    }

    // ---- what else a driver does

    static bool Selects(SqlConnection c, int n, SqlTransaction t = null)
    {
        using (var q = new SqlCommand("SELECT " + n, c, t)) return n.Equals(q.ExecuteScalar());
    }

    static void Refused(SqlConnection c, string what, CommandType type, int number)
    {
        try
        {
            using (var q = new SqlCommand(what, c) { CommandType = type }) q.ExecuteNonQuery();
            Check(false, "{0} is answered", what);
        }
        catch (SqlException e)
        {
            Check(e.Number == number, "{0} gives {1}", what, e.Number);
        }
        Check(c.State == ConnectionState.Open && Selects(c, 3), "the connection is unusable after {0}", what);
    }

    static void Driver(string connection)
    {
        Guid physical;
        using (var c = new SqlConnection(connection))
        {
            c.Open();
            physical = c.ClientConnectionId;
            Check(Selects(c, 1), "SELECT 1");
            Refused(c, "dbo.sp_help", CommandType.StoredProcedure, 2812);
            Refused(c, "SELECT * FROM Orders", CommandType.Text, 50000);
            Refused(c, "EXEC sp_help", CommandType.Text, 50000);
        }
        foreach (bool commit in new[] { true, false })
            using (var c = new SqlConnection(connection)) // its first request has the bit of the reset
            {
                c.Open();
                Check(c.ClientConnectionId == physical, "the pool has another connection");
                using (var t = c.BeginTransaction(IsolationLevel.Serializable))
                {
                    Check(Selects(c, 2, t), "nothing is answered within a transaction");
                    if (commit) t.Commit();
                    else t.Rollback();
                }
                Check(Selects(c, 3), "nothing is answered after a transaction");
            }
        using (var c = new SqlConnection(connection)) // left with a transaction in it
        {
            c.Open();
            Selects(c, 4, c.BeginTransaction());
        }
        using (var c = new SqlConnection(connection))
        {
            c.Open();
            Check(c.ClientConnectionId == physical, "the pool has another connection after a transaction was left open");
            Check(Selects(c, 5), "a transaction that was left open is in the way");
            using (var t = c.BeginTransaction()) t.Commit();
        }
    }

    // Exclusive is a get of async 2.1, to be run.
    static SqlCommand Exclusive(SqlConnection c, string id)
    {
        var q = Procedure(c, "GetStateItemExclusive");
        q.Parameters.Add("@SessionId", SqlDbType.NVarChar, 88).Value = id;
        Out(q, "@Locked", SqlDbType.Bit, 0);
        Out(q, "@LockAge", SqlDbType.Int, 0);
        Out(q, "@LockCookie", SqlDbType.Int, 0);
        Out(q, "@ActionFlags", SqlDbType.Int, 0);
        return q;
    }

    // GivenUp runs a get until it is given up, and says whether it was: when it is cancelled before the client has noticed that
    // it is sent, no attention goes out, and it ends when the server has waited for long enough. Commands that run
    // asynchronously send attentions; others break the connection here (tds-server-notes.md 10).
    static bool GivenUp(SqlConnection c, string id, int timeout, int number)
    {
        bool givenUp = false;
        var stop = new CancellationTokenSource();
        using (var q = Exclusive(c, id))
        {
            q.CommandTimeout = timeout;
            var get = q.ExecuteReaderAsync(stop.Token);
            Check(Console.ReadLine() != null, "the get did not arrive");
            if (timeout == 0) stop.Cancel();
            try
            {
                get.GetAwaiter().GetResult().Dispose();
            }
            catch (SqlException e)
            {
                givenUp = true;
                Check(e.Number == number, "a get that is given up gives {0}: {1}", e.Number, e.Message);
            }
        }
        Check(c.State == ConnectionState.Open && Selects(c, 6), "the connection is unusable after a get was given up");
        return givenUp;
    }

    static void Cancel(string connection)
    {
        const string id = "cancelcancelcancelcancel" + "0badcafe";
        Check(AsyncWrite(connection, "InsertStateItem", id, null, Noise(20, 1)) == 1, "the session is not inserted");
        Check((int)AsyncRead(connection, "GetStateItemExclusive", id).Cookie == 2, "the session is not locked");
        using (var c = new SqlConnection(connection))
        {
            c.Open();
            var physical = c.ClientConnectionId;
            const int tries = 10;
            Check(Enumerable.Range(0, tries).Any(n => GivenUp(c, id, 1, -2)), "a get does not end after its timeout of a second");
            Check(Enumerable.Range(0, tries).Any(n => GivenUp(c, id, 0, 0)), "a get does not end when it is cancelled");
            Check(c.ClientConnectionId == physical, "it is another connection");
        }
        Check(AsyncWrite(connection, "ReleaseItemExclusive", id, 2, null) == 1, "the release is not counted");
        var read = AsyncRead(connection, "GetStateItemExclusive", id);
        Check(false.Equals(read.Locked) && 3.Equals(read.Cookie), "after all, the get gives locked {0}, cookie {1}", read.Locked, read.Cookie);
    }
}
