//go:build !unix

package cli

import "os"

// reloads gives none: Windows has no signal for it. A service is restarted instead.
func reloads() <-chan os.Signal { return nil }
