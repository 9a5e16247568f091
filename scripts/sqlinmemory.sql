{{/* Microsoft.Web.SessionState.SqlInMemory (section 9): sessions, chunks of long ones, nine natively compiled procedures that
run as their owner. Times are GETUTCDATE() widened to datetime2. */}}
{{define "chunk-update-parameters"}}    @SessionId nvarchar(88),
    @NewItem bit,{{if not .Large}}
    @Initialized bit,{{end}}
    @LockCookie int,
    @Timeout int,
    @ItemSize bigint,
{{end}}

{{/* Insert or update of the row itself. Leaves @written: 0 where the cookie was another one; then nothing is changed. */}}
{{define "chunk-row"}}
    DECLARE @now datetime2(7), @oldSize bigint, @written int;
    SET @now = GETUTCDATE();
    SET @written = 0;
    IF @NewItem = 1
    BEGIN
        INSERT INTO [dbo].[Sessions]
            (SessionId, Created, Expires, Initialized, Locked, LockDate, LockCookie, Timeout, ItemSize, Item)
        VALUES (@SessionId, @now, DATEADD(minute, @Timeout, @now), {{if .Large}}1{{else}}@Initialized{{end}}, 0, @now, @LockCookie, @Timeout, @ItemSize, {{.Item}});
        SET @written = 1;
    END
    ELSE
    BEGIN
        SELECT @oldSize = ItemSize, @written = 1 FROM [dbo].[Sessions] WHERE SessionId = @SessionId AND LockCookie = @LockCookie;
        IF @written = 1
        BEGIN
            UPDATE [dbo].[Sessions]
            SET Expires = DATEADD(minute, @Timeout, @now), Locked = 0, Timeout = @Timeout, ItemSize = @ItemSize, Item = {{.Item}}
            WHERE SessionId = @SessionId;
            IF @oldSize > 7000 DELETE FROM [dbo].[SessionItems] WHERE SessionId = @SessionId;
        END;
    END;
{{end}}

{{define "chunk-read"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @SessionId nvarchar(88),
    @Locked bit OUTPUT,
    @LockAge int OUTPUT,
    @LockCookie int OUTPUT,
    @Initialized bit OUTPUT,
    @Item varbinary(7000) OUTPUT
{{template "begin" .}}
    DECLARE @now datetime2(7), @lockedAt datetime2(7), @found int, @wasLocked bit, @cookie int, @wasInitialized bit, @size bigint,
        @stored varbinary(7000);
    SET @now = GETUTCDATE();
    SET @found = 0;
    SET @Locked = 0;
    SET @LockAge = 0;
    SET @LockCookie = 0;
    SET @Initialized = 0;
    SET @Item = NULL;
    SELECT @found = 1, @wasLocked = Locked, @cookie = LockCookie, @lockedAt = LockDate, @wasInitialized = Initialized,
        @size = ItemSize, @stored = Item
    FROM [dbo].[Sessions] WHERE SessionId = @SessionId;
    IF @found = 1
    BEGIN
{{- if .Exclusive}}
        IF @wasLocked = 0
        BEGIN
            SET @cookie = @cookie + 1;
            UPDATE [dbo].[Sessions]
            SET Expires = DATEADD(minute, Timeout, @now), Initialized = 1, Locked = 1, LockDate = @now, LockCookie = @cookie
            WHERE SessionId = @SessionId;
        END
        ELSE
        BEGIN
            SET @LockAge = DATEDIFF(second, @lockedAt, @now);
            UPDATE [dbo].[Sessions] SET Expires = DATEADD(minute, Timeout, @now), Initialized = 1 WHERE SessionId = @SessionId;
        END;
{{- else}}
        SET @LockAge = DATEDIFF(second, @lockedAt, @now);
        UPDATE [dbo].[Sessions] SET Expires = DATEADD(minute, Timeout, @now), Initialized = 1 WHERE SessionId = @SessionId;
{{- end}}
        SET @Locked = @wasLocked;
        SET @LockCookie = @cookie;
        SET @Initialized = @wasInitialized;
        IF @wasLocked = 0
        BEGIN
            SET @Item = @stored;
            IF @size > 7000
                SELECT SessionItemId, Item FROM [dbo].[SessionItems] WHERE SessionId = @SessionId;
        END;
    END;
{{template "end" .}}
{{end}}
{{template "head" .}}
{{template "filegroup" .}}
--@ {{.TableKind}} [dbo].[Sessions]
CREATE TABLE [dbo].[Sessions] (
    SessionId nvarchar(88) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Created datetime2(7) NOT NULL,
    Expires datetime2(7) NOT NULL,
    Initialized bit NOT NULL,
    Locked bit NOT NULL,
    LockDate datetime2(7) NOT NULL,
    LockCookie int NOT NULL,
    Timeout int NOT NULL,
    ItemSize bigint NOT NULL,
    Item varbinary(7000) NULL,
{{- if .Memory}}
    CONSTRAINT PK_Sessions_SessionId PRIMARY KEY NONCLUSTERED HASH (SessionId) WITH (BUCKET_COUNT = {{.Buckets}})
) WITH (MEMORY_OPTIMIZED = ON, DURABILITY = {{.Durability}});
{{- else}}
    CONSTRAINT PK_Sessions_SessionId PRIMARY KEY (SessionId)
);
{{- end}}
GO
--@ {{.TableKind}} [dbo].[SessionItems]
CREATE TABLE [dbo].[SessionItems] (
{{- if .Durable}}
    Id bigint IDENTITY NOT NULL,
{{- end}}
    SessionId nvarchar(88) COLLATE Latin1_General_100_BIN2 NOT NULL,
    SessionItemId int NOT NULL,
    Item varbinary(7000) NOT NULL
{{- if .Durable}},
    CONSTRAINT PK_SessionItems_Id PRIMARY KEY NONCLUSTERED {{if .Memory}}HASH (Id) WITH (BUCKET_COUNT = {{.Buckets}}){{else}}(Id){{end}}
{{- end}}
{{- if .Memory}},
    INDEX IX_SessionItems_SessionId HASH (SessionId) WITH (BUCKET_COUNT = {{.Buckets}})
) WITH (MEMORY_OPTIMIZED = ON, DURABILITY = {{.Durability}});
{{- else}}
);
CREATE NONCLUSTERED INDEX IX_SessionItems_SessionId ON [dbo].[SessionItems] (SessionId);
{{- end}}
GO
--@ type [dbo].[SessionIdTable]
CREATE TYPE [dbo].[SessionIdTable] AS TABLE (
    SessionId nvarchar(88) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY{{if .Memory}} NONCLUSTERED{{end}}
){{if .Memory}} WITH (MEMORY_OPTIMIZED = ON){{end}};
GO
--@ type [dbo].[SessionItemsTable]
CREATE TYPE [dbo].[SessionItemsTable] AS TABLE (
    SessionItemId bigint NOT NULL PRIMARY KEY{{if .Memory}} NONCLUSTERED{{end}},
    Item varbinary(7000) NOT NULL
){{if .Memory}} WITH (MEMORY_OPTIMIZED = ON){{end}};
GO
{{with .Chunk "InsertOrUpdateStateItem" "@Item"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
{{template "chunk-update-parameters" .}}    @Item varbinary(7000)
{{template "begin" .}}{{template "chunk-row" .}}{{template "end" .}}
{{end}}
{{with .Chunk "InsertOrUpdateStateItemMedium" "NULL"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
{{template "chunk-update-parameters" .}}
{{- range $i, $n := .Nine}}    @Item{{$n}} varbinary(7000){{if lt $n 9}},{{end}}
{{end}}{{template "begin" .}}{{template "chunk-row" .}}
{{- range .Nine}}    IF @written = 1 AND @Item{{.}} IS NOT NULL
        INSERT INTO [dbo].[SessionItems] (SessionId, SessionItemId, Item) VALUES (@SessionId, {{.}}, @Item{{.}});
{{end}}{{template "end" .}}
{{end}}
{{with .Chunk "InsertOrUpdateStateItemLarge" "NULL"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
{{template "chunk-update-parameters" .}}    @Items [dbo].[SessionItemsTable] READONLY
{{template "begin" .}}{{template "chunk-row" .}}    IF @written = 1
        INSERT INTO [dbo].[SessionItems] (SessionId, SessionItemId, Item)
        SELECT @SessionId, CONVERT(int, SessionItemId), Item FROM @Items;
{{template "end" .}}
{{end}}
{{template "chunk-read" (.ChunkRead "GetStateItem" false)}}
{{template "chunk-read" (.ChunkRead "GetStateItemExclusive" true)}}
{{with .Chunk "ReleaseStateItemExclusive" ""}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @SessionId nvarchar(88),
    @LockCookie int
{{template "begin" .}}
    DECLARE @now datetime2(7);
    SET @now = GETUTCDATE();
    UPDATE [dbo].[Sessions] SET Expires = DATEADD(minute, Timeout, @now), Locked = 0
    WHERE SessionId = @SessionId AND LockCookie = @LockCookie;
{{template "end" .}}
{{end}}
{{with .Chunk "RemoveItem" ""}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @SessionId nvarchar(88),
    @LockCookie int
{{template "begin" .}}
    DECLARE @removed int;
    DELETE FROM [dbo].[Sessions] WHERE SessionId = @SessionId AND LockCookie = @LockCookie;
    SET @removed = @@ROWCOUNT;
    IF @removed > 0 DELETE FROM [dbo].[SessionItems] WHERE SessionId = @SessionId;
{{template "end" .}}
{{end}}
{{with .Chunk "ResetItemTimeout" ""}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
    @SessionId nvarchar(88)
{{template "begin" .}}
    DECLARE @now datetime2(7);
    SET @now = GETUTCDATE();
    UPDATE [dbo].[Sessions] SET Expires = DATEADD(minute, Timeout, @now) WHERE SessionId = @SessionId;
{{template "end" .}}
{{end}}
{{with .All "DeleteExpiredSessions"}}
--@ procedure {{.Name}}
CREATE PROCEDURE {{.Name}}
{{template "begin" .}}
    DECLARE @ids [dbo].[SessionIdTable];
    DECLARE @now datetime2(7), @id nvarchar(88), @left int;
    SET @now = GETUTCDATE();
    INSERT INTO @ids (SessionId) SELECT SessionId FROM [dbo].[Sessions] WHERE Expires < @now;
    SET @left = @@ROWCOUNT;
    WHILE @left > 0
    BEGIN
        SELECT TOP (1) @id = SessionId FROM @ids;
        DELETE FROM [dbo].[Sessions] WHERE SessionId = @id;
        DELETE FROM [dbo].[SessionItems] WHERE SessionId = @id;
        DELETE FROM @ids WHERE SessionId = @id;
        SET @left = @left - 1;
    END;
{{template "end" .}}
{{end}}
{{template "job" .}}
