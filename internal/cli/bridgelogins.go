package cli

import (
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

// logins are the SQL logins of the TDS front.
type logins struct {
	users map[string]*secret

	mu    sync.Mutex
	known map[string][sha256.Size]byte // passwords that were right, so that pools need not pay for the hash each time
	key   []byte                       // mixed into them
}

// secret is a password, or what is left of it.
type secret struct {
	rounds     int
	salt, hash []byte
}

var errPasswordHash = errors.New("that is no hash that tds-password has made")

// parseLogins reads --tds-login.
func parseLogins(texts []string) (*logins, error) {
	l := &logins{users: map[string]*secret{}, known: map[string][sha256.Size]byte{}, key: make([]byte, 32)}
	rand.Read(l.key)
	for _, t := range texts {
		user, password, ok := strings.Cut(t, "=")
		if !ok || user == "" || password == "" {
			return nil, usage("--tds-login web=PASSWORD, or a hash of aspstate tds-password", "--tds-login: USER=PASSWORD is wanted")
		}
		if l.users[user] != nil {
			return nil, usage("", "--tds-login: user %q is named twice", user)
		}
		if !strings.HasPrefix(password, passwordScheme+":") {
			var err error
			if password, err = hashPassword(password); err != nil {
				return nil, err
			}
		}
		s, err := parseSecret(password)
		if err != nil {
			return nil, usage("echo PASSWORD | aspstate tds-password", "--tds-login: user %q: %v", user, err)
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
	quick := sha256.Sum256(append(append([]byte(nil), l.key...), password...))
	l.mu.Lock()
	known, is := l.known[user]
	l.mu.Unlock()
	if is && subtle.ConstantTimeCompare(known[:], quick[:]) == 1 {
		return true
	}
	key, err := pbkdf2.Key(sha256.New, password, s.salt, s.rounds, len(s.hash))
	if err != nil || subtle.ConstantTimeCompare(key, s.hash) != 1 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[user] = quick
	return true
}
