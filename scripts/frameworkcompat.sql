{{/* Tables of sections 3.2 and 3.3. */}}
{{define "fx-sessions"}}    CREATE TABLE [dbo].[ASPStateTempSessions] (
        SessionId nvarchar(88) NOT NULL PRIMARY KEY,
        Created datetime NOT NULL DEFAULT GETUTCDATE(),
        Expires datetime NOT NULL,
        LockDate datetime NOT NULL,
        LockDateLocal datetime NOT NULL,
        LockCookie int NOT NULL,
        Timeout int NOT NULL,
        Locked bit NOT NULL,
        SessionItemShort varbinary(7000) NULL,
        SessionItemLong image NULL,
        Flags int NOT NULL DEFAULT 0
    );
    CREATE NONCLUSTERED INDEX Index_Expires ON [dbo].[ASPStateTempSessions] (Expires);
{{end}}
{{define "fx-applications"}}    CREATE TABLE [dbo].[ASPStateTempApplications] (
        AppId int NOT NULL PRIMARY KEY,
        AppName char(280) NOT NULL
    );
    CREATE NONCLUSTERED INDEX Index_AppName ON [dbo].[ASPStateTempApplications] (AppName);
{{end}}
{{/* How both are made where one is missing. */}}
{{define "fx-make-tables"}}
DECLARE @sessions int, @applications int, @both int;
SELECT @sessions = COUNT(*) FROM {{.Catalog}}INFORMATION_SCHEMA.TABLES
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'ASPStateTempSessions';
SELECT @applications = COUNT(*) FROM {{.Catalog}}INFORMATION_SCHEMA.TABLES
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'ASPStateTempApplications';
IF @sessions = 0 OR @applications = 0 EXEC [dbo].[CreateTempTables];
SELECT @both = COUNT(*) FROM {{.Catalog}}INFORMATION_SCHEMA.TABLES
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME IN (N'ASPStateTempSessions', N'ASPStateTempApplications');
IF @both < 2
    RAISERROR (N'CreateTempTables was there before this script and makes its tables elsewhere.', 16, 1);
ELSE
SELECT N'table' AS [kind], N'{{.Sessions}}' AS [name], CASE @sessions WHEN 0 THEN N'created' ELSE N'there' END AS [result]
UNION ALL
SELECT N'table', N'{{.Applications}}', CASE @applications WHEN 0 THEN N'created' ELSE N'there' END;
GO
{{end}}
{{template "head" .}}
{{template "fx-types" .}}
--@ procedure [dbo].[CreateTempTables]
CREATE PROCEDURE [dbo].[CreateTempTables]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
{{- if eq .Type "t"}}
    EXEC (N'
USE [tempdb];
BEGIN TRANSACTION;
IF OBJECT_ID(N''[dbo].[ASPStateTempSessions]'', N''U'') IS NULL
BEGIN
{{template "fx-sessions" .}}END;
IF OBJECT_ID(N''[dbo].[ASPStateTempApplications]'', N''U'') IS NULL
BEGIN
{{template "fx-applications" .}}END;
COMMIT TRANSACTION;');
{{- else}}
    BEGIN TRANSACTION;
    IF OBJECT_ID(N'[dbo].[ASPStateTempSessions]', N'U') IS NULL
    BEGIN
{{template "fx-sessions" .}}    END;
    IF OBJECT_ID(N'[dbo].[ASPStateTempApplications]', N'U') IS NULL
    BEGIN
{{template "fx-applications" .}}    END;
    COMMIT TRANSACTION;
{{- end}}
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
{{template "fx-read" (.Read "TempGetStateItemExclusive3" 3 true)}}
{{template "fx-insert" (.Write "TempInsertUninitializedItem" "short uninitialized")}}
{{template "fx-insert" (.Write "TempInsertStateItemShort" "short")}}
{{template "fx-insert" (.Write "TempInsertStateItemLong" "long")}}
{{template "fx-update" (.Write "TempUpdateStateItemShort" "short")}}
{{template "fx-update" (.Write "TempUpdateStateItemShortNullLong" "short null")}}
{{template "fx-update" (.Write "TempUpdateStateItemLong" "long")}}
{{template "fx-update" (.Write "TempUpdateStateItemLongNullShort" "long null")}}
{{template "fx-statements" (.Write "" "")}}
{{/* Section 3.1: type t has a start-up procedure in master. Marking it needs sysadmin. */}}
{{if and (eq .Type "t") (not .Babelfish)}}
USE [master];
GO
--@ procedure [dbo].[ASPState_Startup]
CREATE PROCEDURE [dbo].[ASPState_Startup]
AS
BEGIN
    EXEC [ASPState].[dbo].[CreateTempTables];
    RETURN 0;
END;
GO
IF OBJECTPROPERTY(OBJECT_ID(N'[dbo].[ASPState_Startup]'), N'ExecIsStartup') = 0
    EXEC sp_procoption N'[dbo].[ASPState_Startup]', N'startup', N'on';
GO
USE [ASPState];
GO
{{end}}
{{template "job" .}}
