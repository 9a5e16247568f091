//go:build !race

package aspnetser

const raceDetector = false
