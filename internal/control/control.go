// Package control lets one program of this machine steer another that runs: a Unix socket (Windows 10 and later have them
// too), and one line of JSON a request and an answer.
//
// Who may steer is who may open the socket: it lies in a directory of this user that nobody else can enter, or, where a path
// is given, has mode 0600. Nothing is asked besides. What comes in is bounded all the same (lines, connections, time), and a
// request that is not exactly one of the known ones is refused and its connection closed.
//
// The package knows no command but hello, which says who answers; the program behind it brings the others.
package control

import (
	"context"
	"encoding/json"
	"os"
	"time"
)

// Request is one command with what it needs. Which fields a command looks at is up to who answers it.
type Request struct {
	Command    string `json:"command"`
	Rate       *int   `json:"rate,omitempty"` // records a second
	App        string `json:"app,omitempty"`
	Phase      string `json:"phase,omitempty"`
	Percent    *int   `json:"percent,omitempty"`
	OldTimeout *int   `json:"old_timeout,omitempty"` // minutes
	Wait       bool   `json:"wait,omitempty"`        // the answer is the outcome, however long that takes
}

// Answer is what became of a request.
type Answer struct {
	OK     bool            `json:"ok"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
	Hint   string          `json:"hint,omitempty"`
	Code   int             `json:"code,omitempty"` // the exit code that stands for the error
}

// Self says who answers.
type Self struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"` // migrate, bridge
	Since   time.Time `json:"since"`
	Title   string    `json:"title"` // for people, without secrets
}

// This is the Self of this process, as of now.
func This(command, title string) Self {
	return Self{PID: os.Getpid(), Command: command, Since: time.Now().UTC().Truncate(time.Second), Title: title}
}

// Handler answers one command. Its context ends when the one who asked has gone, or the server closes: work that must not
// stop half-way needs another. Several handlers may run at once.
type Handler func(context.Context, Request) Answer

// Hello is the command that every server answers, with its Self.
const Hello = "hello"

// codeWrong is the exit code of wrong usage: a request that is none.
const codeWrong = 2

// Done is the answer of a command that has done what it should.
func Done(result any) Answer {
	b, err := json.Marshal(result)
	if err != nil {
		return Failed(1, "", "writing the answer: "+err.Error())
	}
	return Answer{OK: true, Result: b}
}

// Failed is the answer of a command that has not.
func Failed(code int, hint, text string) Answer { return Answer{Error: text, Hint: hint, Code: code} }
