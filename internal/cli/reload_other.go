//go:build !unix

package cli

import "os"

// reloads gives none: Windows has no signal for it. A service is restarted instead.
func reloads() (again <-chan os.Signal, over func()) { return nil, func() {} }
