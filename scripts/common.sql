{{/* What every script begins with. The settings are those that SQL Server stores with a procedure (ANSI_NULLS,
QUOTED_IDENTIFIER; sqlcmd has the second one off) and those that keep a failed batch from going on. */}}
{{define "head" -}}
-- Layout {{.Layout}}: {{.Title}}.
{{- range .Notes}}
-- {{.}}
{{- end}}
-- What is there already is left as it is: tables, types, procedures, jobs. Every batch says what it has found or made.
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
SET XACT_ABORT ON;
SET NOCOUNT ON;
GO
{{if .Database}}
--@ database {{name .Database}}
CREATE DATABASE {{name .Database}};
GO
USE {{name .Database}};
GO
{{end}}
{{end}}

{{/* An interpreted data procedure of the samples' second script does itself again, up to 10 times, 1 ms apart
(sql-layouts.md 8). Within a transaction of the caller it cannot: what has failed there is the caller's to repeat. */}}
{{define "retry"}}{{if .Retry}}
    DECLARE @attempt int, @attempts int;
    SET @attempt = 1;
    SET @attempts = CASE @@TRANCOUNT WHEN 0 THEN 10 ELSE 1 END;
    WHILE @attempt <= @attempts
    BEGIN
    BEGIN TRY
{{end}}{{end}}

{{define "again"}}{{if .Retry}}
    BREAK;
    END TRY
    BEGIN CATCH
        IF @attempts > 1 AND XACT_STATE() <> 0 ROLLBACK TRANSACTION;
        IF @attempt = @attempts OR ERROR_NUMBER() NOT IN (41302, 41305, 41325, 41301, 41839, 1205)
        BEGIN;
            THROW;
        END;
        SET @attempt = @attempt + 1;
{{- if not .Babelfish}}
        WAITFOR DELAY '00:00:00.001';
{{- end}}
    END CATCH;
    END;
{{end}}{{end}}

{{/* The one step of a read on disk (sql-layouts.md 3.6): look at the row, then change it if it still is what was seen,
else look again. Within the same transaction comes the payload, from the row as it is now held. It does not depend on
what UPDATE assigns to a variable, nor on lock hints, which not every engine heeds; where they are heeded the loop runs
once. The payload is sent after the commit, so that a slow client holds no lock.

Leaves @done (0: no such row), @seenLocked, @seenFlags, @cookie (the new one), @age (seconds), @lockedAtLocal, @long. */}}
{{define "touch"}}    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    DECLARE @now datetime, @nowLocal datetime, @lockedAt datetime, @lockedAtLocal datetime, @seenLocked bit, @seenFlags int,
        @cookie int, @age int, @done int, @long varbinary(max);
{{template "retry" .}}
    SET @done = 0;
    SET @long = NULL;
    BEGIN TRANSACTION;
    WHILE @done = 0
    BEGIN
        SET @cookie = NULL;
        SELECT @cookie = LockCookie, @seenLocked = Locked, @seenFlags = Flags, @lockedAt = LockDate, @lockedAtLocal = LockDateLocal
        FROM {{.Sessions}}{{.Look}} WHERE SessionId = {{.ID}};
        IF @cookie IS NULL BREAK;
        SET @now = GETUTCDATE();
        SET @nowLocal = GETDATE();
{{- if .Exclusive}}
        SET @age = 0;
        IF @seenLocked = 1 SET @age = DATEDIFF(second, @lockedAt, @now);
        UPDATE {{.Sessions}}{{.Change}}
        SET Expires = DATEADD(minute, Timeout, @now),
            LockDate = CASE @seenLocked WHEN 0 THEN @now ELSE LockDate END,
            LockDateLocal = CASE @seenLocked WHEN 0 THEN @nowLocal ELSE LockDateLocal END,
            LockCookie = LockCookie + CASE @seenLocked WHEN 0 THEN 1 ELSE 0 END,
            Locked = 1{{if .Flags}},
            Flags = Flags & ~1{{end}}
        WHERE SessionId = {{.ID}} AND LockCookie = @cookie AND Locked = @seenLocked AND Flags = @seenFlags;
{{- else}}
        SET @age = DATEDIFF(second, @lockedAt, @now);
        UPDATE {{.Sessions}}{{.Change}}
        SET Expires = DATEADD(minute, Timeout, @now){{if .Flags}},
            Flags = Flags & ~1{{end}}
        WHERE SessionId = {{.ID}} AND LockCookie = @cookie AND Locked = @seenLocked AND Flags = @seenFlags;
{{- end}}
        SET @done = @@ROWCOUNT;
    END;
    IF @done = 1 AND @seenLocked = 0
        SELECT {{if .Short}}@itemShort = SessionItemShort, {{end}}@long = CONVERT(varbinary(max), SessionItemLong)
        FROM {{.Sessions}}{{.Hint}} WHERE SessionId = {{.ID}};
    COMMIT TRANSACTION;
{{template "again" .}}
{{- if .Exclusive}}    IF @seenLocked = 0
    BEGIN
        SET @cookie = @cookie + 1;
        SET @lockedAtLocal = @nowLocal;
    END;
{{end}}{{end}}

{{/* What purges (sql-layouts.md 12): ids are collected without locks, and each is deleted if it still has expired. */}}
{{define "purge"}}    SET NOCOUNT ON;
    SET DEADLOCK_PRIORITY LOW;
    DECLARE @now datetime, @id nvarchar(88);
    SET @now = GETUTCDATE();
    CREATE TABLE #expired (SessionId nvarchar(88){{if .Binary}} COLLATE Latin1_General_100_BIN2{{end}} NOT NULL);
    INSERT INTO #expired (SessionId)
    SELECT SessionId FROM {{.Sessions}}{{if .Memory}} WITH (SNAPSHOT){{else}} WITH (READUNCOMMITTED){{end}} WHERE Expires < @now;
    DECLARE ids CURSOR LOCAL FAST_FORWARD FOR SELECT SessionId FROM #expired;
    OPEN ids;
    FETCH NEXT FROM ids INTO @id;
    WHILE @@FETCH_STATUS = 0
    BEGIN
        DELETE FROM {{.Sessions}}{{.Change}} WHERE SessionId = @id AND Expires < @now;
        FETCH NEXT FROM ids INTO @id;
    END;
    CLOSE ids;
    DEALLOCATE ids;
    DROP TABLE #expired;
{{end}}

{{/* The file group of memory-optimized tables: one a database, for ever. Azure needs none (engine editions 5 and 8).
One that has no container yet was left by an attempt that failed: it gets it. The container goes where the instance keeps its data, unless a path is given. */}}
{{define "filegroup"}}{{if .Memory}}
--@ filegroup {{name .FileGroup}}
DECLARE @group sysname, @path nvarchar(400), @ddl nvarchar(max);
SELECT @group = name FROM sys.filegroups WHERE type = N'FX';
IF @group IS NULL
BEGIN
    SET @group = N'{{.FileGroup}}';
    EXEC (N'ALTER DATABASE CURRENT ADD FILEGROUP ' + QUOTENAME(@group) + N' CONTAINS MEMORY_OPTIMIZED_DATA'); -- Azure need not compile it
END;
SET @path = {{if .Container}}{{text .Container}}{{else}}CONVERT(nvarchar(400), SERVERPROPERTY(N'InstanceDefaultDataPath')) + DB_NAME() + N'_mod'{{end}};
SET @ddl = N'ALTER DATABASE CURRENT ADD FILE (NAME = ' + QUOTENAME(DB_NAME() + N'_mod')
    + N', FILENAME = N''' + REPLACE(@path, N'''', N'''''') + N''') TO FILEGROUP ' + QUOTENAME(@group);
EXEC (@ddl);
GO
{{end}}{{end}}

{{/* SQL Agent job as aspnet_regsql's: every minute, all day, no retry of the step (sql-layouts.md 12). */}}
{{define "job"}}{{if .PurgeJob}}
--@ job {{.Purge}}
DECLARE @db sysname, @label nvarchar(400), @job uniqueidentifier;
SET @db = DB_NAME();
BEGIN TRY
    BEGIN TRANSACTION;
    SET @label = @db + N'_Job_{{.Purge}}';
    EXEC msdb.dbo.sp_add_job @job_name = @label, @enabled = 1, @description = N'Deletes expired ASP.NET sessions.',
        @job_id = @job OUTPUT;
    SET @label = @db + N'_JobStep_{{.Purge}}';
    EXEC msdb.dbo.sp_add_jobstep @job_id = @job, @step_id = 1, @step_name = @label, @subsystem = N'TSQL',
        @command = N'EXECUTE {{.Purge}}', @database_name = @db, @retry_attempts = 0, @on_success_action = 1, @on_fail_action = 2;
    SET @label = @db + N'_JobSchedule_{{.Purge}}';
    EXEC msdb.dbo.sp_add_jobschedule @job_id = @job, @name = @label, @enabled = 1, @freq_type = 4, @freq_interval = 1,
        @freq_subday_type = 4, @freq_subday_interval = 1, @active_start_date = 20001016, @active_start_time = 0,
        @active_end_date = 99991231, @active_end_time = 235959;
    EXEC msdb.dbo.sp_add_jobserver @job_id = @job, @server_name = N'(LOCAL)';
    COMMIT TRANSACTION;
END TRY
BEGIN CATCH
    DECLARE @why nvarchar(2048);
    SET @why = ERROR_MESSAGE();
    IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
    RAISERROR (N'%s', 16, 1, @why); -- THROW is younger than SQL Server 2008
END CATCH;
GO
{{end}}{{end}}
