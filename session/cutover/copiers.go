package cutover

import "github.com/aspstate/aspstate/session"

// MayCopy says whether a copier may write sessions of the selected applications into the new store, by an agreement that was read
// after the copier had taken its lease: only where proxy is settled. Otherwise it is a *RefusedError.
func MayCopy(g session.Agreement, selected func(app string) bool) error {
	for i := range g.Apps {
		app := g.Apps[i].App
		if !selected(app) {
			continue
		}
		a, err := readAgreed(app, g.Apps[i].Body, Proxy)
		switch {
		case err != nil:
			return err
		case a.Phase != Proxy:
			return &RefusedError{
				App: app, Reason: "it is past proxy (" + a.Phase.String() + "): what is copied could be older than what the new store has",
				Remedy: "copy in proxy, or other applications only",
			}
		case a.Stage != settled:
			return &RefusedError{App: app, Reason: "it is about to leave proxy", Remedy: "copy before that, or call the change off"}
		}
	}
	return nil
}
