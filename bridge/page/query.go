package page

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// perPage is how many sessions a page of the listing has.
const perPage = 100

// query is what a listing is asked for with.
type query struct {
	App, Store, ID string // empty: all
	Locked         bool   // those alone
	Sort           string // a name of sorts, behind a "-" if the other way round
	Page           int    // from 1
	Refresh        int    // seconds, for who has no JavaScript; 0: not
}

// defaultSort shows first what somebody may be looking for.
const defaultSort = "locked"

// readQuery takes what it understands; the rest is as if it were not there.
func readQuery(r *http.Request) query {
	v := r.URL.Query()
	q := query{
		App: v.Get("app"), Store: v.Get("store"), ID: strings.TrimSuffix(strings.TrimSpace(v.Get("id")), "…"), Locked: v.Get("locked") == "1",
		Sort: v.Get("sort"), Page: 1,
	}
	if len(q.ID) > 4 { // no more of an id is known here, and what was put in is to go nowhere
		q.ID = q.ID[:4]
	}
	if _, known := sorts[strings.TrimPrefix(q.Sort, "-")]; !known {
		q.Sort = defaultSort
	}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 1 {
		q.Page = min(n, 1_000_000)
	}
	if n, err := strconv.Atoi(v.Get("refresh")); err == nil && n > 0 {
		q.Refresh = max(5, min(n, 3600))
	}
	return q
}

// values are the parameters that are not as usual.
func (q query) values() url.Values {
	v := url.Values{}
	for name, text := range map[string]string{"app": q.App, "store": q.Store, "id": q.ID} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if q.Locked {
		v.Set("locked", "1")
	}
	if q.Sort != defaultSort {
		v.Set("sort", q.Sort)
	}
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	if q.Refresh > 0 {
		v.Set("refresh", strconv.Itoa(q.Refresh))
	}
	return v
}

// to is a link to a path with the parameters.
func (q query) to(path string) string {
	if v := q.values(); len(v) > 0 {
		return path + "?" + v.Encode()
	}
	return path
}

// sortedBy is the query with another order, from its beginning; the order that there is already is turned round.
func (q query) sortedBy(name string) query {
	if q.Sort == name {
		name = "-" + name
	}
	q.Sort, q.Page = name, 1
	return q
}

// fits says whether a row is asked for.
func (q *query) fits(r *row) bool {
	return (q.App == "" || r.app == q.App) && (q.Store == "" || r.store == q.Store) && (!q.Locked || r.locked) && strings.HasPrefix(r.id, q.ID)
}
