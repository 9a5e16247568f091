// Package sim plays cut-overs: web nodes, bridges, a copier and an operator on two stores, with calls that fail, hang, come
// late or lose their answers, and programs that crash, all of it out of a seed. It has tests only.
//
// A run lives in a bubble of testing/synctest, so its clock stands still while anybody works. Whatever a program does to another
// (a node to a bridge, a bridge to a store or to what the bridges agree on, a store to its disk) is a step: the goroutine
// announces it and waits. The scheduler waits until all goroutines wait, draws for each new step from the seed how long it is
// under way and what becomes of it, and lets the next one in time go, alone. So a run is a function of its seed, and the
// trace of its steps is the same each time:
//
//	go test ./internal/sim -run Sim -seed 17 -steps
//
// Afterwards what nodes were answered has to be linear (package internal/linear), and the stores have to be as the phase says.
package sim
