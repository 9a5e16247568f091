{{/* The in-memory scripts of the SQL Server samples (section 8): names of aspnet_regsql, five procedures natively compiled.
With retry these are called NAME_HK, and NAME is a wrapper that tries again. Not in a transaction of the caller: an error
there has undone it. */}}
{{define "sample-x-wrapper"}}
--@ procedure [dbo].[TempGetStateItemExclusive3]
CREATE PROCEDURE [dbo].[TempGetStateItemExclusive3]
    @id nvarchar(88),
    @itemShort varbinary(7000) OUTPUT,
    @locked bit OUTPUT,
    @lockAge int OUTPUT,
    @lockCookie int OUTPUT,
    @actionFlags int OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
{{template "retry" .}}
    EXEC [dbo].[TempGetStateItemExclusive3_HK] @id, @itemShort OUTPUT, @locked OUTPUT, @lockAge OUTPUT, @lockCookie OUTPUT,
        @actionFlags OUTPUT;
{{template "again" .}}
    RETURN 0;
END;
GO
{{end}}
{{define "sample-insert-wrapper"}}
--@ procedure [dbo].[TempInsertStateItemShort]
CREATE PROCEDURE [dbo].[TempInsertStateItemShort]
    @id nvarchar(88),
    @itemShort varbinary(7000),
    @timeout int
AS
BEGIN
    SET NOCOUNT OFF;
{{template "retry" .}}
    EXEC [dbo].[TempInsertStateItemShort_HK] @id, @itemShort, @timeout;
{{template "again" .}}
    RETURN 0;
END;
GO
{{end}}
{{define "sample-update-wrapper"}}
--@ procedure {{.Public}}
CREATE PROCEDURE {{.Public}}
    @id nvarchar(88),
    {{if .Long}}@itemLong varbinary(max){{else}}@itemShort varbinary(max){{end}},
    @timeout int,
    @lockCookie int
AS
BEGIN
    SET NOCOUNT OFF;
{{template "retry" .Wrapper}}
    EXEC {{.Name}} @id, {{if .Long}}@itemLong{{else}}@itemShort{{end}}, @timeout, @lockCookie;
{{template "again" .Wrapper}}
    RETURN 0;
END;
GO
{{end}}
{{define "sample-update"}}{{template "fx-update" .}}{{if .Wrapper.Retry}}{{template "sample-update-wrapper" .}}{{end}}{{end}}
{{define "sample-sessions"}}    CREATE TABLE [dbo].[ASPStateTempSessions] (
        SessionId nvarchar(88) COLLATE Latin1_General_100_BIN2 NOT NULL{{if not .Memory}} PRIMARY KEY{{end}},
        Created datetime NOT NULL DEFAULT GETUTCDATE(),
        Expires datetime NOT NULL,
        LockDate datetime NOT NULL,
        LockDateLocal datetime NOT NULL,
        LockCookie int NOT NULL,
        Timeout int NOT NULL,
        Locked bit NOT NULL,
        SessionItemShort varbinary(7000) NULL,
        SessionItemLong varbinary(max) NULL,
        Flags int NOT NULL DEFAULT 0
{{- if .Memory}},
        PRIMARY KEY NONCLUSTERED HASH (SessionId) WITH (BUCKET_COUNT = {{.Buckets}}),
        INDEX Index_Expires NONCLUSTERED (Expires)
    ) WITH (MEMORY_OPTIMIZED = ON, DURABILITY = {{.Durability}});
{{- else}}
    );
    CREATE NONCLUSTERED INDEX Index_Expires ON [dbo].[ASPStateTempSessions] (Expires);
{{- end}}
{{end}}
{{define "sample-applications"}}    CREATE TABLE [dbo].[ASPStateTempApplications] (
        AppId int NOT NULL PRIMARY KEY,
        AppName char(280) NOT NULL
    );
{{end}}
{{template "head" .}}
{{template "filegroup" .}}
{{if .Memory}}
--@ setting MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT
ALTER DATABASE CURRENT SET MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT = ON;
GO
{{end}}
{{range .Roles}}
--@ role {{.}}
CREATE ROLE {{.}};
GO
{{end}}
{{template "fx-types" .}}
--@ procedure [dbo].[CreateTempTables]
CREATE PROCEDURE [dbo].[CreateTempTables]
AS
BEGIN
    SET NOCOUNT ON;
    IF OBJECT_ID(N'[dbo].[ASPStateTempSessions]', N'U') IS NULL
    BEGIN
{{template "sample-sessions" .}}    END;
    IF OBJECT_ID(N'[dbo].[ASPStateTempApplications]', N'U') IS NULL
    BEGIN
{{template "sample-applications" .}}    END;
    RETURN 0;
END;
GO
{{template "fx-make-tables" .}}
{{template "fx-version" .}}
{{template "fx-appid" .}}
{{template "fx-read" (.Read "TempGetStateItem" 1 false)}}
{{template "fx-read" (.Read "TempGetStateItem2" 2 false)}}
{{template "fx-read" (.Read "TempGetStateItem3" 3 false)}}
{{template "fx-read" (.Read "TempGetStateItemExclusive" 1 true)}}
{{template "fx-read" (.Read "TempGetStateItemExclusive2" 2 true)}}
{{template "fx-read-native" (.Compiled (.Read "TempGetStateItemExclusive3" 3 true))}}
{{if .Retry}}{{template "sample-x-wrapper" .}}{{end}}
{{template "fx-insert" (.Write "TempInsertUninitializedItem" "short uninitialized")}}
{{template "fx-insert" (.Compiled (.Write "TempInsertStateItemShort" "short"))}}
{{if .Retry}}{{template "sample-insert-wrapper" .}}{{end}}
{{template "fx-insert" (.Write "TempInsertStateItemLong" "long")}}
{{template "sample-update" (.Compiled (.Write "TempUpdateStateItemShort" "short"))}}
{{template "fx-update" (.Write "TempUpdateStateItemShortNullLong" "short null")}}
{{template "sample-update" (.Compiled (.Write "TempUpdateStateItemLong" "long"))}}
{{template "sample-update" (.Compiled (.Write "TempUpdateStateItemLongNullShort" "long null"))}}
{{template "fx-statements" (.Write "" "")}}
{{template "job" .}}
