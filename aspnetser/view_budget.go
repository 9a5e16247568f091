package aspnetser

import "github.com/aspstate/aspstate/aspnetser/nrbf"

// maxSchemaMemory is the most bytes of memory that the schemas of DataSets in binary format may take. A column takes some
// 1,500.
const maxSchemaMemory = 16 << 20

// viewBudget is how much may still be read, for one view or for all of a session.
type viewBudget struct {
	most    int           // bytes of XML and of inner streams
	left    int           // of most
	decoder *nrbf.Decoder // of the inner streams: its limit counts for all together
}

func newViewBudget(most int) viewBudget { return viewBudget{most: most, left: most} }

// take takes n bytes of what may be read, or says why it cannot.
func (b *viewBudget) take(n int, what string) (why string) {
	if b.left >= n {
		b.left -= n
		return ""
	}
	why = what + " of " + counted(n, "byte") + ", "
	if n > b.most {
		return why + "more than the " + mebibytes(b.most) + " that a view reads"
	}
	return why + "with " + group(b.left) + " left of the " + mebibytes(b.most) + " that a view reads in all"
}

func mebibytes(n int) string { return group(n>>20) + " MiB" }

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
