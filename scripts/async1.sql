{{/* Tables of the async provider 1.0 (Entity Framework, section 4), 1.1 (section 5) and 1.1 with useInMemoryTable. They have
no procedures: the provider sends its statements. */}}
{{template "head" .}}
{{template "filegroup" .}}
--@ {{.TableKind}} {{.Sessions}}
CREATE TABLE {{.Sessions}} (
{{- if eq .Layout "v1.0"}}
    SessionId nvarchar(88) NOT NULL PRIMARY KEY,
    Created datetime NOT NULL,
    Expires datetime NOT NULL,
    LockDate datetime NOT NULL,
    LockCookie int NOT NULL,
    Locked bit NOT NULL,
    SessionItem varbinary(max) NULL,
    Flags int NOT NULL,
    Timeout int NOT NULL
);
CREATE NONCLUSTERED INDEX IX_Sessions_Expires ON {{.Sessions}} (Expires);
GO
{{- else}}
{{template "async-columns" .}}
{{- end}}
