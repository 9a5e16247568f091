{{/* Head and foot of natively compiled procedures. Their bodies keep to what the documentation of SQL Server 2016 lists as
supported in natively compiled T-SQL modules:
  - NATIVE_COMPILATION needs SCHEMABINDING and one ATOMIC block with isolation level and language; no transaction
    statements within; tables by two-part names; no table hints; no temporary tables, no cursors;
  - parameters of literal types: alias types are not supported; LOBs (varbinary(max)) are, from 2016 on; image is not;
  - SELECT @v = column, SET, IF, WHILE, RETURN, INSERT VALUES, INSERT SELECT, UPDATE, DELETE; no CASE (2017), no MERGE,
    no UPDATE SET @v = column, no UPDATE or DELETE with FROM, no subqueries: bodies do without;
  - functions GETUTCDATE, GETDATE, DATEADD, DATEDIFF; bit operators &, ~;
  - table-valued parameters and variables of memory-optimized types, READONLY as parameters.
Two requests that meet: the second writer gets error 41302 and its block is undone; clients do it again (section 11).

A stand-in has the same body, interpreted, in a transaction that first holds the row. It is for tests on engines without
memory-optimized tables. */}}
{{define "begin"}}
{{- if .Native}}WITH NATIVE_COMPILATION, SCHEMABINDING{{if .AsOwner}}, EXECUTE AS OWNER{{end}}
AS
BEGIN ATOMIC WITH (TRANSACTION ISOLATION LEVEL = SNAPSHOT, LANGUAGE = N'us_english')
{{- else}}AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    BEGIN TRANSACTION;
{{- if .ID}}
    UPDATE {{.Sessions}} SET Timeout = Timeout WHERE SessionId = {{.ID}};
{{- end}}
{{- end}}{{end}}

{{define "end"}}{{if not .Native}}    COMMIT TRANSACTION;
{{end}}{{if .FX}}    RETURN 0;
{{end}}END;
GO
{{end}}

{{/* The one step of a native read of LockCookie, Locked, Flags: effects of section 3.6. Leaves @found, @wasLocked, @flags,
@cookie (the new one), @age. */}}
{{define "touch-native"}}
    DECLARE @now datetime, @nowLocal datetime, @lockedAt datetime, @found int, @wasLocked bit, @flags int, @cookie int, @age int;
    SET @now = GETUTCDATE();
    SET @nowLocal = GETDATE();
    SET @found = 0;
    SELECT @found = 1, @wasLocked = Locked, @flags = Flags, @cookie = LockCookie, @lockedAt = LockDate
    FROM {{.Sessions}} WHERE SessionId = {{.ID}};
    IF @found = 1
    BEGIN
{{- if .Exclusive}}
        IF @wasLocked = 0
        BEGIN
            SET @age = 0;
            SET @cookie = @cookie + 1;
            UPDATE {{.Sessions}}
            SET Expires = DATEADD(minute, Timeout, @now), LockDate = @now, LockDateLocal = @nowLocal, LockCookie = @cookie, Locked = 1,
                Flags = Flags & ~1
            WHERE SessionId = {{.ID}};
        END
        ELSE
        BEGIN
            SET @age = DATEDIFF(second, @lockedAt, @now);
            UPDATE {{.Sessions}} SET Expires = DATEADD(minute, Timeout, @now), Flags = Flags & ~1 WHERE SessionId = {{.ID}};
        END;
{{- else}}
        SET @age = DATEDIFF(second, @lockedAt, @now);
        UPDATE {{.Sessions}} SET Expires = DATEADD(minute, Timeout, @now), Flags = Flags & ~1 WHERE SessionId = {{.ID}};
{{- end}}
    END;
{{end}}
