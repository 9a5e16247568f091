//go:build !unix

package cli

import "context"

// reloads gives none: Windows has no signal for it. A service is restarted instead.
func reloads(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	context.AfterFunc(ctx, func() { close(out) })
	return out
}
