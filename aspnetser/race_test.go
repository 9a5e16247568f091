//go:build race

package aspnetser

// The race detector allocates too, so that what is allocated says nothing about the code.
const raceDetector = true
