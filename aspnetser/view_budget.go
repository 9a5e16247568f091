package aspnetser

import "github.com/aspstate/aspstate/aspnetser/nrbf"

// maxSchemaMemory is the most bytes of memory that the schemas of DataSets in binary format may take. A column takes some
// 1,500.
const maxSchemaMemory = 16 << 20

const overBudget = "more to read than a view reads"

// viewBudget is how much may still be read, for one view or for all of a session.
type viewBudget struct {
	left    int           // bytes of XML and of inner streams
	decoder *nrbf.Decoder // of the inner streams: its limit counts for all together
}

func (b *viewBudget) take(n int) bool {
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

// decode decodes the stream of a table's schema, which has to be done with before close.
func (b *viewBudget) decode(stream string) (*nrbf.Graph, error) {
	if b.decoder == nil {
		b.decoder = nrbf.NewDecoder(nrbf.Limits{MaxMemory: maxSchemaMemory}, 0)
	}
	g, _, err := b.decoder.Decode(stream)
	return g, err
}

func (b *viewBudget) close() {
	if b.decoder != nil {
		b.decoder.Close()
		b.decoder = nil
	}
}
