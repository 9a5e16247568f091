package cli

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"
	"testing"
)

// TestGuessesDoNotForgetWhatIsRight: however many wrong passwords come, who was right once need not wait again.
func TestGuessesDoNotForgetWhatIsRight(t *testing.T) {
	salt := []byte("salt of a test")
	key, err := pbkdf2.Key(sha256.New, "s3cret", salt, 1, sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	e := base64.RawStdEncoding
	l, err := parseLogins("tds-login", []string{fmt.Sprintf("web=%s:1:%s:%s", passwordScheme, e.EncodeToString(salt), e.EncodeToString(key))})
	if err != nil {
		t.Fatal(err)
	}
	if !l.allows("web", "s3cret") || l.allows("Web", "s3cret") || l.allows("web", "") || l.allows("we", "bs3cret") {
		t.Fatal("the right password alone is right")
	}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for n := range 2 * mostWrong {
				if l.allows("web", fmt.Sprint("guess ", g, n)) {
					t.Error("a guess is right")
				}
			}
		})
	}
	all.Wait()
	if len(l.wrong) > mostWrong {
		t.Errorf("%d wrong passwords are kept", len(l.wrong))
	}
	l.turn.Lock() // nobody computes a hash from now on
	if !l.allows("web", "s3cret") {
		t.Error("the right password is refused")
	}
}
