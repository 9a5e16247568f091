package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Compresses says whether the nodes of an application write sessions compressed, as the bridge knows it; nil: it does not. It is
// asked once for each application.
func (c *Client) Compresses(ctx context.Context, app string) (*bool, error) {
	if known, ok := c.c.apps.Load(app); ok {
		return known.(*bool), nil
	}
	compressed, err := c.about(ctx, app)
	if err != nil {
		return nil, fmt.Errorf("asking whether sessions of %q are compressed: %w", app, err)
	}
	c.c.apps.Store(app, compressed)
	return compressed, nil
}

// maxAbout is the most bytes of what a bridge says of an application.
const maxAbout = 16 << 10

func (c *Client) about(ctx context.Context, app string) (*bool, error) {
	resp, done, err := c.c.ask(ctx, asking{method: http.MethodGet, path: "/v1/apps/" + url.PathEscape(app), accept: "application/json"})
	if err != nil {
		return nil, err
	}
	defer done()
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAbout))
	if err != nil {
		return nil, transportError(ctx, err)
	}
	return readAbout(b, app)
}

// readAbout reads what a bridge says of an application.
func readAbout(b []byte, app string) (*bool, error) {
	var about struct {
		App        *string
		Compressed *bool
	}
	if json.Unmarshal(b, &about) != nil || about.App == nil || *about.App != app {
		return nil, errAnswer
	}
	return about.Compressed, nil
}
