{{/* Columns, keys and index that 1.1 and 2.x have in common (sections 5 and 6). */}}
{{define "async-columns"}}    SessionId nvarchar(88){{if .Binary}} COLLATE Latin1_General_100_BIN2{{end}} NOT NULL{{if not .Memory}} PRIMARY KEY{{end}},
    Created datetime NOT NULL DEFAULT GETUTCDATE(),
    Expires datetime NOT NULL,
    LockDate datetime NOT NULL,
    LockDateLocal datetime NOT NULL,
    LockCookie int NOT NULL,
    Timeout int NOT NULL,
    Locked bit NOT NULL,
    SessionItemLong {{if eq .Layout "v1.1"}}image{{else}}varbinary(max){{end}} NULL,
    Flags int NOT NULL DEFAULT 0
{{- if .Memory}},
    PRIMARY KEY NONCLUSTERED HASH (SessionId) WITH (BUCKET_COUNT = {{.Buckets}}),
    INDEX Index_Expires NONCLUSTERED (Expires)
) WITH (MEMORY_OPTIMIZED = ON, DURABILITY = {{.Durability}});
{{- else}}
);
CREATE NONCLUSTERED INDEX Index_Expires ON {{.Sessions}} (Expires);
{{- end}}
GO
{{end}}

{{define "async-read-parameters"}}    @SessionId nvarchar(88),
    @Locked bit OUTPUT,
    @LockAge int OUTPUT,
    @LockCookie int OUTPUT,
    @ActionFlags int OUTPUT
{{end}}

{{define "async-write-parameters"}}    @SessionId nvarchar(88),
    @Timeout int,
    @SessionItemLong varbinary(max)
{{end}}

{{/* X and G, interpreted. */}}
{{define "async-read"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
{{template "async-read-parameters"}}AS
BEGIN
{{template "touch" .}}    IF @done = 1
    BEGIN
        SET @Locked = @seenLocked;
        SET @LockAge = @age;
        SET @LockCookie = @cookie;
        SET @ActionFlags = @seenFlags & 1;
    END;
    IF @long IS NOT NULL SELECT @long AS SessionItemLong;
END;
GO
{{end}}

{{/* X and G, natively compiled. A missing row gives NULLs; X gives ActionFlags 0 (section 6.3). */}}
{{define "async-read-native"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
{{template "async-read-parameters"}}{{template "begin" .}}{{template "touch-native" .}}
    SET @Locked = NULL;
    SET @LockAge = NULL;
    SET @LockCookie = NULL;
    SET @ActionFlags = {{if .Exclusive}}0{{else}}NULL{{end}};
    IF @found = 1
    BEGIN
        SET @Locked = @wasLocked;
        SET @LockAge = @age;
        SET @LockCookie = @cookie;
        SET @ActionFlags = @flags & 1;
        IF @wasLocked = 0
            SELECT SessionItemLong FROM {{.Sessions}} WHERE SessionId = @SessionId AND SessionItemLong IS NOT NULL;
    END;
{{template "end" .}}
{{end}}

{{define "async-open"}}{{if .Native}}WITH NATIVE_COMPILATION, SCHEMABINDING
AS
BEGIN ATOMIC WITH (TRANSACTION ISOLATION LEVEL = SNAPSHOT, LANGUAGE = N'us_english')
{{- else}}AS
BEGIN
    SET NOCOUNT OFF;
{{- end}}{{end}}

{{define "async-insert"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
{{template "async-write-parameters"}}{{template "async-open" .}}
    DECLARE @now datetime, @nowLocal datetime;
    SET @now = GETUTCDATE();
    SET @nowLocal = GETDATE();
    INSERT INTO {{.Sessions}}
        (SessionId, SessionItemLong, Created, Timeout, Expires, Locked, LockDate, LockDateLocal, LockCookie{{if .Uninitialized}}, Flags{{end}})
    VALUES (@SessionId, @SessionItemLong, @now, @Timeout, DATEADD(minute, @Timeout, @now), 0, @now, @nowLocal, 1{{if .Uninitialized}}, 1{{end}});
END;
GO
{{end}}

{{/* One statement each, natively compiled or not. */}}
{{define "async-statements"}}
{{with .Statement "UpdateStateItem"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @SessionId nvarchar(88),
    @LockCookie int,
    @Timeout int,
    @SessionItemLong varbinary(max)
{{template "async-open" .}}
    UPDATE {{.Sessions}}{{.Change}}
    SET Expires = DATEADD(minute, @Timeout, GETUTCDATE()), SessionItemLong = @SessionItemLong, Timeout = @Timeout, Locked = 0
    WHERE SessionId = @SessionId AND LockCookie = @LockCookie;
END;
GO
{{end}}
{{with .Statement "ReleaseItemExclusive"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @SessionId nvarchar(88),
    @LockCookie int
{{template "async-open" .}}
    UPDATE {{.Sessions}}{{.Change}}
    SET Expires = DATEADD(minute, Timeout, GETUTCDATE()), Locked = 0
    WHERE SessionId = @SessionId AND LockCookie = @LockCookie;
END;
GO
{{end}}
{{with .Statement "RemoveStateItem"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @SessionId nvarchar(88),
    @LockCookie int
{{template "async-open" .}}
    DELETE FROM {{.Sessions}}{{.Change}} WHERE SessionId = @SessionId AND LockCookie = @LockCookie;
END;
GO
{{end}}
{{with .Statement "ResetItemTimeout"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @SessionId nvarchar(88)
{{template "async-open" .}}
    UPDATE {{.Sessions}}{{.Change}} SET Expires = DATEADD(minute, Timeout, GETUTCDATE()) WHERE SessionId = @SessionId;
END;
GO
{{end}}
{{with .Interpreted "DeleteExpiredSessionState"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
AS
BEGIN
{{template "purge" .}}END;
GO
{{end}}
{{end}}
