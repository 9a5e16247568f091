package cli

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"
)

// passwordScheme begins a password that is kept as a hash: scheme:rounds:salt:hash, the last two in base64.
const passwordScheme = "pbkdf2-sha256"

const passwordRounds = 210_000

func passwordCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "tds-password",
		Usage: "hash a password, read from standard input, for --tds-login and the bridge's configuration file",
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			b, err := io.ReadAll(io.LimitReader(s.In, 1<<10))
			if err != nil {
				return err
			}
			password := strings.TrimRight(string(b), "\r\n")
			if password == "" {
				return usage("echo PASSWORD | aspstate tds-password", "there is no password on standard input")
			}
			hashed, err := hashPassword(password)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.Out, hashed)
			return err
		},
	}
}

func hashPassword(password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	key, err := pbkdf2.Key(sha256.New, password, salt, passwordRounds, sha256.Size)
	if err != nil {
		return "", err
	}
	e := base64.RawStdEncoding
	return fmt.Sprintf("%s:%d:%s:%s", passwordScheme, passwordRounds, e.EncodeToString(salt), e.EncodeToString(key)), nil
}

// logins are those of the TDS front, or of the page.
type logins struct {
	users map[string]*secret

	turn  sync.Mutex // of whoever computes a hash: guesses take one processor at most
	mu    sync.Mutex
	right map[string][sha256.Size]byte   // what was right of each user, so that pools need not pay for the hash each time
	wrong map[[sha256.Size]byte]struct{} // and what was wrong, for those whose configuration is
	key   []byte                         // mixed into them
}

// mostWrong bounds the wrong passwords that are remembered.
const mostWrong = 1024

// secret is a password, or what is left of it.
type secret struct {
	rounds     int
	salt, hash []byte
}

var errPasswordHash = errors.New("that is no hash that tds-password has made")

// parseLogins reads --tds-login or --page-login.
func parseLogins(flag string, texts []string) (*logins, error) {
	l := &logins{users: map[string]*secret{}, right: map[string][sha256.Size]byte{}, wrong: map[[sha256.Size]byte]struct{}{}, key: make([]byte, 32)}
	rand.Read(l.key)
	for _, t := range texts {
		user, password, ok := strings.Cut(t, "=")
		if !ok || user == "" || password == "" {
			return nil, usage("--"+flag+" web=PASSWORD, or a hash of aspstate tds-password", "--%s: USER=PASSWORD is wanted", flag)
		}
		if l.users[user] != nil {
			return nil, usage("", "--%s: user %q is named twice", flag, user)
		}
		if !strings.HasPrefix(password, passwordScheme+":") {
			var err error
			if password, err = hashPassword(password); err != nil {
				return nil, err
			}
		}
		s, err := parseSecret(password)
		if err != nil {
			return nil, usage("echo PASSWORD | aspstate tds-password", "--%s: user %q: %v", flag, user, err)
		}
		l.users[user] = s
	}
	return l, nil
}

func parseSecret(text string) (*secret, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 4 {
		return nil, errPasswordHash
	}
	rounds, err := strconv.Atoi(parts[1])
	salt, err2 := base64.RawStdEncoding.DecodeString(parts[2])
	hash, err3 := base64.RawStdEncoding.DecodeString(parts[3])
	if errors.Join(err, err2, err3) != nil || rounds < 1 || rounds > 10_000_000 || len(hash) != sha256.Size {
		return nil, errPasswordHash
	}
	return &secret{rounds, salt, hash}, nil
}

// allows is a tds.Front's Login.
func (l *logins) allows(user, password string) bool {
	s := l.users[user]
	if s == nil {
		return false
	}
	return l.matches(s, user, password)
}

// Known implements page.Passwords.
func (l *logins) Known(user, password string) (right, known bool) {
	return l.remembered(user, l.quick(user, password))
}

// Right implements page.Passwords: what is asked of a user that there is not costs as much.
func (l *logins) Right(user, password string) bool {
	s := l.users[user]
	if s == nil {
		s = nobody
	}
	return l.matches(s, user, password)
}

// nobody has no password.
var nobody = &secret{rounds: passwordRounds, salt: make([]byte, 16), hash: make([]byte, sha256.Size)}

func (l *logins) quick(user, password string) [sha256.Size]byte {
	m := hmac.New(sha256.New, l.key)
	fmt.Fprintf(m, "%d:%s%s", len(user), user, password)
	return [sha256.Size]byte(m.Sum(nil))
}

func (l *logins) matches(s *secret, user, password string) bool {
	quick := l.quick(user, password)
	if right, known := l.remembered(user, quick); known {
		return right
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	if right, known := l.remembered(user, quick); known { // somebody of the same pool had the turn before
		return right
	}
	key, err := pbkdf2.Key(sha256.New, password, s.salt, s.rounds, len(s.hash))
	right := err == nil && subtle.ConstantTimeCompare(key, s.hash) == 1 && s != nobody
	l.mu.Lock()
	defer l.mu.Unlock()
	if right {
		l.right[user] = quick
		return true
	}
	if len(l.wrong) >= mostWrong {
		clear(l.wrong)
	}
	l.wrong[quick] = struct{}{}
	return false
}

func (l *logins) remembered(user string, quick [sha256.Size]byte) (right, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, is := l.right[user]; is && subtle.ConstantTimeCompare(r[:], quick[:]) == 1 {
		return true, true
	}
	_, known = l.wrong[quick]
	return false, known
}
