package scripts

import "strings"

// Batch is what a script has between two lines GO.
type Batch struct {
	Line int // of the script at which it begins, from 1
	Text string
}

// Split takes a script apart. GO counts where it is alone on its line, in any case; a number of repetitions is not known.
// Batches of white space are left out.
func Split(script string) []Batch {
	var batches []Batch
	var text []string
	first := 1
	end := func(next int) {
		lead := 0
		for lead < len(text) && strings.TrimSpace(text[lead]) == "" {
			lead++
		}
		if lead < len(text) {
			batches = append(batches, Batch{first + lead, strings.Join(text[lead:], "\n")})
		}
		text, first = nil, next
	}
	n := 0
	for line := range strings.SplitSeq(strings.ReplaceAll(script, "\r\n", "\n"), "\n") {
		n++
		if strings.EqualFold(strings.TrimSpace(line), "GO") {
			end(n + 1)
			continue
		}
		text = append(text, line)
	}
	end(n + 1)
	return batches
}
