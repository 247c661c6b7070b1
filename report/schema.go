package report

import _ "embed"

// Schema is the JSON Schema (draft-07) of report.json at SchemaVersion. It is made from this package's types and their comments by its tests, with -update.
//
//go:embed report.schema.json
var Schema []byte
