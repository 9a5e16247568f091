{{/* Procedures of aspnet_regsql (sql-layouts.md 3.4 to 3.7), and of the samples that share their names (8). */}}

{{define "fx-types"}}
--@ type [dbo].[tSessionId]
CREATE TYPE [dbo].[tSessionId] FROM nvarchar(88) NOT NULL;
GO
--@ type [dbo].[tAppName]
CREATE TYPE [dbo].[tAppName] FROM varchar(280) NOT NULL;
GO
--@ type [dbo].[tSessionItemShort]
CREATE TYPE [dbo].[tSessionItemShort] FROM varbinary(7000);
GO
--@ type [dbo].[tSessionItemLong]
CREATE TYPE [dbo].[tSessionItemLong] FROM image;
GO
--@ type [dbo].[tTextPtr]
CREATE TYPE [dbo].[tTextPtr] FROM varbinary({{if .Binary}}max{{else}}16{{end}});
GO
{{end}}

{{define "fx-version"}}
--@ procedure [dbo].[GetMajorVersion]
CREATE PROCEDURE [dbo].[GetMajorVersion]
    {{.VersionParameter}} int OUTPUT
AS
BEGIN
    -- "Microsoft SQL Server 2022 (RTM) - 16.0.1000.6 (X64) ...": what stands between " - " and the point.
    DECLARE @version nvarchar(400), @from int;
    SET @version = @@VERSION;
    SET @from = CHARINDEX(N' - ', @version) + 3;
    SET {{.VersionParameter}} = CONVERT(int, SUBSTRING(@version, @from, CHARINDEX(N'.', @version, @from) - @from));
    RETURN 0;
END;
GO
--@ procedure [dbo].[TempGetVersion]
CREATE PROCEDURE [dbo].[TempGetVersion]
    @ver char(10) OUTPUT
AS
BEGIN
    SET @ver = '2';
    RETURN 0;
END;
GO
{{end}}

{{define "fx-appid"}}
--@ procedure [dbo].[GetHashCode]
CREATE PROCEDURE [dbo].[GetHashCode]
    @input {{.ParameterType "tAppName"}},
    @hash int OUTPUT
AS
BEGIN
    -- h = (h * 33) XOR byte, modulo 2^32, in two halves of 16 bits: no product passes 2,200,000, so nothing overflows.
    SET NOCOUNT ON;
    DECLARE @bytes varbinary(280), @i int, @hi int, @lo int;
    SET @bytes = CONVERT(varbinary(280), @input);
    SET @hi = 0;
    SET @lo = 5381;
    SET @i = 1;
    WHILE @i <= DATALENGTH(@bytes)
    BEGIN
        SET @lo = @lo * 33;
        SET @hi = (@hi * 33 + @lo / 65536) % 65536;
        SET @lo = (@lo % 65536) ^ CONVERT(int, SUBSTRING(@bytes, @i, 1));
        SET @i = @i + 1;
    END;
    IF @hi >= 32768 SET @hi = @hi - 65536;
    SET @hash = @hi * 65536 + @lo;
    RETURN 0;
END;
GO
--@ procedure [dbo].[TempGetAppID]
CREATE PROCEDURE [dbo].[TempGetAppID]
    @appName {{.ParameterType "tAppName"}},
    @appId int OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @lower varchar(280), @number int, @message nvarchar(2000);
    SET @lower = LOWER(@appName);
    SET @appId = NULL;
    SELECT @appId = AppId FROM {{.Applications}} WHERE AppName = @lower;
    IF @appId IS NOT NULL RETURN 0;
    EXEC [dbo].[GetHashCode] @lower, @appId OUTPUT;
    BEGIN TRY
        INSERT INTO {{.Applications}} (AppId, AppName) VALUES (@appId, @lower);
    END TRY
    BEGIN CATCH
        SET @number = ERROR_NUMBER();
        SET @message = ERROR_MESSAGE();
        -- Another start of the same application may have been quicker; else two names have one number.
        SET @appId = NULL;
        SELECT @appId = AppId FROM {{.Applications}} WHERE AppName = @lower;
        IF @number <> 2627 OR @appId IS NULL
        BEGIN
            IF @number = 2627
                SET @message = N'The application ' + @lower + N' has the same session suffix as another application.';
            RAISERROR (N'%s', 18, 1, @message);
        END;
    END CATCH;
    RETURN 0;
END;
GO
{{end}}

{{/* Version 1 (ASP.NET 1.0) tells the lock's local time, version 2 (1.1) its age, version 3 (2.0 and later) the
uninitialized bit too; only that one clears it. */}}
{{define "fx-read"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @id {{.ParameterType "tSessionId"}},
    @itemShort {{.ParameterType "tSessionItemShort"}} OUTPUT,
    @locked bit OUTPUT,
    {{if eq .Version 1}}@lockDate datetime OUTPUT{{else}}@lockAge int OUTPUT{{end}},
    @lockCookie int OUTPUT{{if eq .Version 3}},
    @actionFlags int OUTPUT{{end}}
AS
BEGIN
{{template "touch" .}}    IF @done = 1
    BEGIN
        SET @locked = @seenLocked;
        {{if eq .Version 1}}SET @lockDate = @lockedAtLocal{{else}}SET @lockAge = @age{{end}};
        SET @lockCookie = @cookie;
{{- if eq .Version 3}}
        SET @actionFlags = @seenFlags & 1;
{{- end}}
        IF @seenLocked = 1 SET @itemShort = NULL;
    END;
    IF @long IS NOT NULL SELECT @long AS SessionItemLong;
    RETURN 0;
END;
GO
{{end}}

{{/* X of the samples, natively compiled. */}}
{{define "fx-read-native"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @id nvarchar(88),
    @itemShort varbinary(7000) OUTPUT,
    @locked bit OUTPUT,
    @lockAge int OUTPUT,
    @lockCookie int OUTPUT,
    @actionFlags int OUTPUT
{{template "begin" .}}{{template "touch-native" .}}
    DECLARE @hasLong int;
    SET @hasLong = 0;
    SET @itemShort = NULL;
    SET @locked = NULL;
    SET @lockAge = NULL;
    SET @lockCookie = NULL;
    SET @actionFlags = 0;
    IF @found = 1
    BEGIN
        SET @locked = @wasLocked;
        SET @lockAge = @age;
        SET @lockCookie = @cookie;
        SET @actionFlags = @flags & 1;
        IF @wasLocked = 0
        BEGIN
            SELECT @itemShort = SessionItemShort FROM {{.Sessions}} WHERE SessionId = @id;
            SELECT @hasLong = 1 FROM {{.Sessions}} WHERE SessionId = @id AND SessionItemLong IS NOT NULL;
            IF @hasLong = 1
                SELECT SessionItemLong FROM {{.Sessions}} WHERE SessionId = @id;
        END;
    END;
{{template "end" .}}
{{end}}

{{define "fx-insert"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @id {{.ParameterType "tSessionId"}},
    {{if .Long}}@itemLong {{.ParameterType "tSessionItemLong"}}{{else}}@itemShort {{.ParameterType "tSessionItemShort"}}{{end}},
    @timeout int
{{template "open" .}}
    DECLARE @now datetime, @nowLocal datetime;
{{template "retry" .}}
    SET @now = GETUTCDATE();
    SET @nowLocal = GETDATE();
    INSERT INTO {{.Sessions}}
        (SessionId, {{if .Long}}SessionItemLong{{else}}SessionItemShort{{end}}, Created, Timeout, Expires, Locked, LockDate, LockDateLocal, LockCookie{{if .Uninitialized}}, Flags{{end}})
    VALUES (@id, {{if .Long}}@itemLong{{else}}@itemShort{{end}}, @now, @timeout, DATEADD(minute, @timeout, @now), 0, @now, @nowLocal, 1{{if .Uninitialized}}, 1{{end}});
{{template "again" .}}
{{template "close" .}}
{{end}}

{{define "fx-update"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @id {{.ParameterType "tSessionId"}},
    {{if .Long}}@itemLong {{.ParameterType "tSessionItemLong"}}{{else}}@itemShort {{.ParameterType "tSessionItemShort"}}{{end}},
    @timeout int,
    @lockCookie int
{{template "open" .}}
{{template "retry" .}}
    UPDATE {{.Sessions}}{{.Change}}
    SET Expires = DATEADD(minute, @timeout, GETUTCDATE()), {{if .Long}}SessionItemLong = @itemLong{{else}}SessionItemShort = @itemShort{{end}},
{{- if .Null}} {{.Null}} = NULL,{{end}} Timeout = @timeout, Locked = 0
    WHERE SessionId = @id AND LockCookie = @lockCookie;
{{template "again" .}}
{{template "close" .}}
{{end}}

{{/* Around what counts the rows that it changes: one statement, and NOCOUNT off whatever the session has. */}}
{{define "open"}}{{if .Native}}WITH NATIVE_COMPILATION, SCHEMABINDING
AS
BEGIN ATOMIC WITH (TRANSACTION ISOLATION LEVEL = SNAPSHOT, LANGUAGE = N'us_english')
{{- else}}AS
BEGIN
    SET NOCOUNT OFF;
{{- end}}{{end}}

{{define "close"}}    RETURN 0;
END;
GO
{{end}}

{{define "fx-statements"}}
--@ procedure [dbo].[TempReleaseStateItemExclusive]
CREATE PROCEDURE [dbo].[TempReleaseStateItemExclusive]
    @id {{.ParameterType "tSessionId"}},
    @lockCookie int
{{template "open" .}}
{{template "retry" .}}
    UPDATE {{.Sessions}}{{.Change}}
    SET Expires = DATEADD(minute, Timeout, GETUTCDATE()), Locked = 0
    WHERE SessionId = @id AND LockCookie = @lockCookie;
{{template "again" .}}
{{template "close" .}}
--@ procedure [dbo].[TempRemoveStateItem]
CREATE PROCEDURE [dbo].[TempRemoveStateItem]
    @id {{.ParameterType "tSessionId"}},
    @lockCookie int
{{template "open" .}}
{{template "retry" .}}
    DELETE FROM {{.Sessions}}{{.Change}} WHERE SessionId = @id AND LockCookie = @lockCookie;
{{template "again" .}}
{{template "close" .}}
--@ procedure [dbo].[TempResetTimeout]
CREATE PROCEDURE [dbo].[TempResetTimeout]
    @id {{.ParameterType "tSessionId"}}
{{template "open" .}}
{{template "retry" .}}
    UPDATE {{.Sessions}}{{.Change}} SET Expires = DATEADD(minute, Timeout, GETUTCDATE()) WHERE SessionId = @id;
{{template "again" .}}
{{template "close" .}}
--@ procedure [dbo].[DeleteExpiredSessions]
CREATE PROCEDURE [dbo].[DeleteExpiredSessions]
AS
BEGIN
{{template "purge" .}}    RETURN 0;
END;
GO
{{end}}
