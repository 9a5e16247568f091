package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

//go:embed static templates
var files embed.FS

// assets are what pages refer to, by name. With its version behind the name one need not be asked for again.
var assets = map[string]*file{
	"page.css": readAsset("page.css", "text/css; charset=utf-8"),
	"page.js":  readAsset("page.js", "text/javascript; charset=utf-8"),
	"page.svg": readAsset("page.svg", "image/svg+xml"),
}

type file struct {
	kind, version string
	body          []byte
}

func readAsset(name, kind string) *file {
	body, err := files.ReadFile("static/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(body)
	return &file{kind, hex.EncodeToString(sum[:6]), body}
}

const maxForm = 8 << 10 // bytes

func (p *Page) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.inside(func(w http.ResponseWriter, r *http.Request, by who) { p.show(w, r, by, "overview") }))
	mux.HandleFunc("GET /sessions", p.inside(func(w http.ResponseWriter, r *http.Request, by who) { p.show(w, r, by, "sessions") }))
	mux.HandleFunc("GET /page.json", p.inside(p.json))
	mux.HandleFunc("GET /do", p.inside(p.ask))
	mux.HandleFunc("POST /do", p.inside(p.act))
	for name, f := range assets {
		mux.HandleFunc("GET /"+name, p.inside(func(w http.ResponseWriter, r *http.Request, _ who) {
			w.Header().Set("Content-Type", f.kind)
			if r.URL.RawQuery == f.version {
				w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
			}
			w.Write(f.body)
		}))
	}
	mux.HandleFunc("GET /", p.inside(func(w http.ResponseWriter, r *http.Request, by who) {
		p.failed(w, r, by, http.StatusNotFound, "There is no such page here.")
	}))
	return mux
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	headers(w.Header())
	p.mux.ServeHTTP(w, r)
}

// inside lets in who may come.
func (p *Page) inside(serve func(http.ResponseWriter, *http.Request, who)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if by, ok := p.enter(w, r); ok {
			serve(w, r, by)
		}
	}
}

// view is what templates show.
type view struct {
	*Document
	Name    string // of the template
	User    string // who has logged in; empty: nobody
	Token   string // of forms
	Can     map[string]bool
	Query   query
	Deeds   []Deed
	Action  *action
	Failure string
}

// look takes a listing, and says whether a newer one is being made.
func (p *Page) looking(r *http.Request) (*snapshot, bool) {
	snap := p.snapshot(r.Context())
	p.mu.Lock()
	defer p.mu.Unlock()
	return snap, p.running != nil
}

func (p *Page) show(w http.ResponseWriter, r *http.Request, by who, name string) {
	q := readQuery(r)
	snap, comes := p.looking(r)
	v := p.view(by, name, q)
	if name == "overview" {
		q.Page = 1
	}
	v.Document = p.document(snap, comes, q)
	p.write(w, http.StatusOK, v)
}

func (p *Page) view(by who, name string, q query) *view {
	v := &view{Name: name, User: by.user, Query: q, Can: map[string]bool{}}
	if by.user != "" {
		v.Token, v.Deeds = p.token(by.user), p.deeds.list()
		a := p.o.Actions
		for name, there := range map[string]bool{"pause": a.Pause != nil, "resume": a.Resume != nil, "phase": a.Phase != nil, "release": a.Release != nil} {
			v.Can[name] = there
		}
	}
	return v
}

func (p *Page) json(w http.ResponseWriter, r *http.Request, _ who) {
	snap, comes := p.looking(r)
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(p.document(snap, comes, readQuery(r))); err != nil {
		p.o.Logger.Debug("the page was not taken", "error", err)
	}
}

// readForm reads the parameters of an action; false: the request has been answered.
func (p *Page) readForm(w http.ResponseWriter, r *http.Request, by who) (*action, bool) {
	if by.user == "" {
		p.failed(w, r, by, http.StatusForbidden, "Nobody may do anything here: the bridge was started without --page-login.")
		return nil, false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.failed(w, r, by, http.StatusBadRequest, "The form cannot be read.")
		return nil, false
	}
	if r.Method == http.MethodPost {
		r.Form = r.PostForm // what is in the address was not in the form
		if err := new(http.CrossOriginProtection).Check(r); err != nil || !sameToken(r.Form.Get("token"), p.token(by.user)) {
			p.failed(w, r, by, http.StatusForbidden, "That came from another page, or from one of an earlier run of the bridge. Go back, load the page anew and try again.")
			return nil, false
		}
	}
	a, err := p.asked(r)
	if err != nil {
		p.failed(w, r, by, http.StatusConflict, err.Error()+".")
		return nil, false
	}
	return a, true
}

// ask shows what an action is, with the button that does it.
func (p *Page) ask(w http.ResponseWriter, r *http.Request, by who) {
	a, ok := p.readForm(w, r, by)
	if !ok {
		return
	}
	v := p.view(by, "ask", query{})
	v.Action, v.Document = a, p.plain()
	p.write(w, http.StatusOK, v)
}

// act does an action, and sends to the overview, which says what has come of it.
func (p *Page) act(w http.ResponseWriter, r *http.Request, by who) {
	a, ok := p.readForm(w, r, by)
	if !ok {
		return
	}
	p.start(a, by)
	w.Header().Set("Location", "./#done") // relative: there may be a prefix
	w.WriteHeader(http.StatusSeeOther)
}

// plain is a Document for a page about one thing.
func (p *Page) plain() *Document {
	return &Document{At: p.o.Now(), Title: p.o.Title, Version: p.o.Version, Paused: p.status().Paused}
}

// failed answers with a page that says what is wrong.
func (p *Page) failed(w http.ResponseWriter, r *http.Request, by who, status int, text string) {
	if strings.HasSuffix(r.URL.Path, ".json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"error": text})
		return
	}
	v := &view{Name: "failed", User: by.user, Failure: text, Document: &Document{At: p.o.Now(), Version: p.o.Version}}
	if by.user != "" || p.passwords() == nil {
		v.Title = p.o.Title
	}
	p.write(w, status, v)
}

func (p *Page) write(w http.ResponseWriter, status int, v *view) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "page.html", v); err != nil {
		p.o.Logger.Error("the page could not be written", "page", v.Name, "error", err)
		http.Error(w, "this page could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

var pages = template.Must(template.New("").Funcs(words).ParseFS(files, "templates/*.html"))
