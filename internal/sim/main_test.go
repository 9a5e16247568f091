package sim

import (
	"fmt"
	"os"
	"testing"
)

// TestMain leaves the race detector alone: it puts goroutines in another order on purpose, so that no run would be the same, and
// what cannot run at the same time has no races to find.
func TestMain(m *testing.M) {
	if raceDetector {
		fmt.Println("the simulator is not for the race detector")
		os.Exit(0)
	}
	os.Exit(m.Run())
}
