{{/* What the programs of a cut-over agree on (session.Controller): the epoch and what is agreed on each application, leases, and
dirty keys. Texts that are compared are kept as their bytes in UTF-8, so that no collation has a say. The row of the epoch
has a name that is no text. */}}
{{template "head" .}}
--@ table [dbo].[aspstate_control]
CREATE TABLE [dbo].[aspstate_control] (
    [app] varbinary(400) NOT NULL PRIMARY KEY,
    [name] nvarchar(400) NOT NULL,
    [epoch] bigint NOT NULL,
    [body] varbinary(max) NULL
);
INSERT INTO [dbo].[aspstate_control] ([app], [name], [epoch], [body]) VALUES (0xFF, N'(the epoch)', 0, NULL);
GO
--@ table [dbo].[aspstate_leases]
CREATE TABLE [dbo].[aspstate_leases] (
    [holder] varbinary(64) NOT NULL PRIMARY KEY,
    [role] nvarchar(16) NOT NULL,
    [title] nvarchar(128) NOT NULL,
    [epoch] bigint NOT NULL,
    [until] datetime NOT NULL
);
GO
--@ table [dbo].[aspstate_dirty]
CREATE TABLE [dbo].[aspstate_dirty] (
    [app] varbinary(400) NOT NULL,
    [hash] varbinary(32) NOT NULL,
    [id] nvarchar(4000) NOT NULL,
    [mark] varbinary(64) NOT NULL,
    PRIMARY KEY ([app], [hash])
);
GO
