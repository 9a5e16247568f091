{{/* Async provider 2.x (section 6): one table and nine procedures; on disk interpreted, in memory natively compiled but for
the purge. */}}
{{template "head" .}}
{{template "filegroup" .}}
--@ {{.TableKind}} {{.Sessions}}
CREATE TABLE {{.Sessions}} (
{{template "async-columns" .}}
{{if .Binary}}
{{template "async-read-native" (.AsyncRead "GetStateItemExclusive" true)}}
{{template "async-read-native" (.AsyncRead "GetStateItem" false)}}
{{else}}
{{template "async-read" (.AsyncRead "GetStateItemExclusive" true)}}
{{template "async-read" (.AsyncRead "GetStateItem" false)}}
{{end}}
{{template "async-insert" (.AsyncInsert "InsertStateItem" false)}}
{{template "async-insert" (.AsyncInsert "InsertUninitializedItem" true)}}
{{template "async-statements" .}}
{{template "job" .}}
