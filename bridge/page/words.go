package page

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// words are what templates say numbers with.
var words = template.FuncMap{
	"asset": func(name string) string { return name + "?" + assets[name].version }, "count": count, "bytes": size, "span": span, "rate": rate, "clock": clock, "stamp": stamp, "line": line, "peak": peak,
	"part": part, "seconds": func(d time.Duration) string { return d.Round(time.Millisecond).String() },
	"verb": func(v string) string { return strings.ReplaceAll(v, "_", " ") }, "columns": columns, "arrow": arrow, "link": link, "pagelinks": pageLinks,
	"choices": choices,
}

// count groups digits; -1 is not known.
func count(n any) string {
	var v int64
	switch n := n.(type) {
	case int:
		v = int64(n)
	case int32:
		v = int64(n)
	case int64:
		v = n
	case uint64:
		v = int64(min(n, math.MaxInt64))
	}
	if v < 0 {
		return "–"
	}
	s := strconv.FormatInt(v, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func size(n any) string {
	var v float64
	switch n := n.(type) {
	case int32:
		v = float64(n)
	case int64:
		v = float64(n)
	}
	if v < 0 {
		return "–"
	}
	unit := 0
	for v >= 999.5 && unit < 3 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%.0f B", v)
	}
	digits := 0
	if v < 9.95 {
		digits = 1
	}
	return fmt.Sprintf("%.*f %s", digits, v, [...]string{"", "KiB", "MiB", "GiB"}[unit])
}

// span is a time in its two largest units. t is a time.Duration, or whole seconds.
func span(t any) string {
	var s int64
	switch t := t.(type) {
	case time.Duration:
		s = int64(t.Seconds())
	case int64:
		s = t
	}
	sign := ""
	if s < 0 {
		sign, s = "−", -s
	}
	switch {
	case s < 60:
		return fmt.Sprintf("%s%d s", sign, s)
	case s < 3600:
		return fmt.Sprintf("%s%d min %d s", sign, s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%s%d h %d min", sign, s/3600, s%3600/60)
	}
	return fmt.Sprintf("%s%d d %d h", sign, s/86400, s%86400/3600)
}

func rate(r float64) string {
	switch {
	case r == 0:
		return "0"
	case r < 0.05:
		return "< 0.1"
	case r < 9.95:
		return fmt.Sprintf("%.1f", r)
	}
	return count(int64(math.Round(r)))
}

// clock is a time of day on this machine; of another day with the date.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format("2006-01-02 15:04")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// part is done of all in thousandths of all.
func part(done, of int64) int64 {
	if of <= 0 {
		return 0
	}
	return 1000 * done / of
}

// The line of the last minutes, in units of its picture.
const lineWidth, lineHeight = 240, 36

func peak(all []Rate) (most float64) {
	for _, r := range all {
		most = max(most, r.Calls)
	}
	return most
}

// line is the points of a polyline: each sample has its place from the right, be there as few as there are. One is of the time before it, so the
// first begins a step earlier.
func line(all []Rate, closed bool) string {
	most := max(peak(all), 1)
	var b strings.Builder
	x := func(i int) float64 { return lineWidth - float64(len(all)-1-i)*lineWidth/points }
	y := func(i int) float64 { return 1 + (lineHeight-2)*(1-all[max(0, i)].Calls/most) }
	for i := -1; i < len(all) && len(all) > 0; i++ {
		fmt.Fprintf(&b, "%.1f,%.1f ", x(i), y(i))
	}
	if closed && len(all) > 0 {
		fmt.Fprintf(&b, "%.1f,%d %.1f,%d", x(len(all)-1), lineHeight, x(-1), lineHeight)
	}
	return strings.TrimSpace(b.String())
}

// column is one of the listing.
type column struct{ Sort, Text string }

// columns of the listing; Sort is empty where nothing can be sorted by it.
func columns() []column {
	return []column{{"id", "Session"}, {"app", "Application"}, {"size", "Size"}, {"created", "Created"}, {"expires", "Expires in"}, {"locked", "Lock"}}
}

// arrow says how a column is sorted: in the words of aria-sort, by what the rows then show.
func arrow(q query, name string) string {
	name2, turned := strings.CutPrefix(q.Sort, "-")
	if name2 != name {
		return ""
	}
	rises := name == "app" || name == "id" || name == "expires"
	if rises != turned {
		return "ascending"
	}
	return "descending"
}

// link is one to a path with the parameters of the page, some of them changed: name and value in turn.
func link(path string, q query, changes ...any) (string, error) {
	for i := 0; i+1 < len(changes); i += 2 {
		switch changes[i] {
		case "sort":
			q = q.sortedBy(changes[i+1].(string))
		case "app":
			q = query{App: changes[i+1].(string), Sort: defaultSort, Refresh: q.Refresh}
		case "locked":
			q = query{Locked: true, Sort: defaultSort, Refresh: q.Refresh}
		case "page":
			q.Page = changes[i+1].(int)
		case "refresh":
			q.Refresh = changes[i+1].(int)
		case "nothing":
			q = query{Sort: defaultSort, Refresh: q.Refresh}
		default:
			return "", fmt.Errorf("there is no parameter %v", changes[i])
		}
	}
	return q.to(path), nil
}

// pageLinks are the numbers of the pages to go to: the first, the last, and those about here. 0 is a gap.
func pageLinks(page, pages int) (all []int) {
	for n := 1; n <= pages; n++ {
		if n == 1 || n == pages || n >= page-2 && n <= page+2 {
			all = append(all, n)
		} else if all[len(all)-1] != 0 {
			all = append(all, 0)
		}
	}
	return all
}

// choices are the names of applications to choose from; one that was asked for is there in any case.
func choices(apps []AppState, chosen string) (names []string) {
	there := chosen == ""
	for _, a := range apps {
		if a.Name != "" {
			names = append(names, a.Name)
			there = there || a.Name == chosen
		}
	}
	if !there {
		names = append(names, chosen)
	}
	return names
}

// Sum adds, for links to the page before and behind.
func (v *view) Sum(a, b int) int { return a + b }

// SortChoices are the orders of the listing, for a form.
func (v *view) SortChoices() map[string]string {
	return map[string]string{
		"locked": "locked the longest", "size": "largest", "created": "newest", "-created": "oldest", "expires": "expiring soonest",
		"app": "by application", "id": "by id",
	}
}

// Title is what a page about the action is called.
func (a *action) Title() string { return strings.ToUpper(a.Text[:1]) + a.Text[1:] }

// Token names the lock to POST /do.
func (h *Held) Token() string { return h.token }

// Cut says that there are more sessions than are listed.
func (v *view) Cut() bool {
	seen := int64(0)
	for _, s := range v.Stores {
		seen += s.Seen
	}
	return seen > int64(v.List.Kept)
}
