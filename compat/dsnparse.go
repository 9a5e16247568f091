package compat

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// dsnPair is one setting as it was written.
type dsnPair struct {
	key, value string
	quoted     bool
}

// ParseDSN reads a DSN in one of three forms: a URL of go-mssqldb (sqlserver://user:password@host:port?database=name,
// sqlserver://host/instance), an ADO string as web.config has it (Data Source=...;Initial Catalog=...), or an ODBC string
// (odbc:server=...;database=...). It opens nothing and reads no file.
//
// Its errors quote no value at all: in a string that is split at the wrong place, any of them may be a part of the
// password. They name a setting by its key.
func ParseDSN(s string) (DSN, error) {
	d, err := parseDSN(strings.TrimSpace(s))
	if err != nil {
		return DSN{}, fmt.Errorf("reading the DSN: %w", err)
	}
	return d, nil
}

func parseDSN(s string) (DSN, error) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return DSN{}, errors.New("it is not text")
	}
	var (
		pairs []dsnPair
		err   error
	)
	lower := strings.ToLower(s)
	scheme, rest, isURL := strings.Cut(lower, "://")
	switch {
	case isURL && (scheme == "sqlserver" || scheme == "mssql"):
		pairs, err = urlPairs(s[len(s)-len(rest):])
	case strings.HasPrefix(lower, "odbc:"):
		pairs, err = splitPairs(s[len("odbc:"):], odbcQuotes)
	case strings.Contains(s, "="):
		pairs, err = splitPairs(s, adoQuotes)
	default:
		err = errors.New("it is neither a URL such as sqlserver://user@host?database=ASPState nor an ADO or ODBC string")
	}
	if err != nil {
		return DSN{}, err
	}
	return dsnOfPairs(pairs, !isURL)
}

// dsnOfPairs checks pairs and names them as the driver does. Where one is given twice the last counts, as in .NET.
func dsnOfPairs(pairs []dsnPair, dotNet bool) (DSN, error) {
	d := &dsn{values: map[string]string{}}
	secretBefore := false // the pair before was a password without quotes
	for _, p := range pairs {
		k, known := keyOf(p.key)
		switch {
		case !known && secretBefore:
			return DSN{}, errors.New(`what follows "password" is not a setting; a password with a semicolon must be quoted`)
		case !known:
			return DSN{}, fmt.Errorf("%q is not a setting that is known", p.key)
		case k.kind == dsnRefused:
			return DSN{}, fmt.Errorf("%q is not supported: it %s", p.key, k.name)
		}
		secretBefore = slices.Contains(secretKeys, k.name) && !p.quoted
		if k.kind == dsnIgnored {
			continue
		}
		if err := d.set(k, p.value, dotNet); err != nil {
			return DSN{}, err
		}
	}
	return d.finish(dotNet)
}

// set checks the value of a setting and keeps it.
func (d *dsn) set(k dsnKey, value string, dotNet bool) error {
	key := k.name
	switch k.kind {
	case dsnNumber:
		if n, err := strconv.ParseUint(value, 10, 16); err != nil || n == 0 && key == keyPort {
			return fmt.Errorf("%q must be a whole number up to 65535", key)
		}
	case dsnYesNo:
		switch strings.ToLower(value) {
		case "true", "yes", "1", "sspi": // SSPI is .NET's other word for yes after Integrated Security
			value = "true"
		case "false", "no", "0":
			value = "false"
		default:
			return fmt.Errorf("%q must be true or false", key)
		}
	}
	switch key {
	case keyIntegrated:
		d.integrated = value == "true"
		return nil
	case keyEncrypt:
		known := false
		if value, known = encryptions[strings.ToLower(value)]; !known {
			return fmt.Errorf("%q must be disable, false, true or strict", key)
		}
	case keyFedAuth:
		known := false
		if value, known = fedAuths[dsnName(value)]; !known {
			return fmt.Errorf("%q must be a way of Microsoft Entra such as ActiveDirectoryDefault or ActiveDirectoryServicePrincipal", key)
		}
	case keyIntent: // the driver knows one spelling
		switch strings.ToLower(value) {
		case "readonly":
			value = "ReadOnly"
		case "readwrite":
			value = "ReadWrite"
		default:
			return fmt.Errorf("%q must be ReadOnly or ReadWrite", key)
		}
	case keyServer:
		if dotNet {
			return d.setServer(value)
		}
	case keyPartner:
		host, port, hasPort := strings.Cut(strings.TrimPrefix(strings.ToLower(value), "tcp:"), ",")
		if hasPort {
			if err := d.set(dsnKey{keyPartnerPort, dsnNumber}, strings.TrimSpace(port), dotNet); err != nil {
				return err
			}
		}
		value = host
	}
	d.values[key] = value
	return nil
}

// setServer reads .NET's Data Source: [tcp:]host[\instance][,port].
func (d *dsn) setServer(value string) error {
	lower := strings.ToLower(value)
	if _, twice := d.values[keyServer]; twice {
		delete(d.values, keyProtocol)
		delete(d.values, keyPort)
	}
	switch {
	case strings.HasPrefix(lower, "(localdb)"):
		return errors.New("LocalDB listens on a named pipe of the user's own machine; give a server that listens on TCP")
	case strings.HasPrefix(lower, "np:"), strings.HasPrefix(lower, "lpc:"), strings.HasPrefix(lower, `\\`):
		return errors.New("named pipes and shared memory are not supported; give the server as tcp:HOST,PORT")
	case strings.HasPrefix(lower, "admin:"):
		d.values[keyProtocol] = "admin"
		value = value[len("admin:"):]
	case strings.HasPrefix(lower, "tcp:"):
		value = value[len("tcp:"):]
	}
	host, port, hasPort := strings.Cut(value, ",")
	if hasPort {
		if err := d.set(dsnKey{keyPort, dsnNumber}, strings.TrimSpace(port), true); err != nil {
			return err
		}
	}
	d.values[keyServer] = strings.TrimSpace(host)
	return nil
}

// finish is what follows from all settings together.
func (d *dsn) finish(dotNet bool) (DSN, error) {
	v := d.values
	if v[keyServer] == "" {
		return DSN{}, errors.New(`"server" is missing`)
	}
	if strings.ContainsAny(v[keyServer], "@;=\"'") {
		return DSN{}, errors.New(`"server" has a character that no server's name has`)
	}
	if p, has := v[keyProtocol]; has && p != "tcp" && p != "admin" {
		return DSN{}, errors.New(`"protocol" must be tcp or admin`)
	}
	if v[keyFedAuth] == "" {
		delete(v, keyFedAuth)
	}
	if a, has := v[keyAuthenticator]; has && !slices.Contains([]string{"krb5", "ntlm", "winsspi"}, a) {
		return DSN{}, errors.New(`"authenticator" must be krb5, ntlm or winsspi`)
	}
	// To .NET encrypt=false means that only the login is encrypted, and then no certificate is checked. The driver would
	// check it, where encrypt is written out, and refuse the certificate that SQL Server makes for itself.
	if _, told := v[keyTrust]; dotNet && !told && v[keyEncrypt] == "false" {
		v[keyTrust] = "true"
	}
	// The driver's "connection timeout" is a limit for each packet, which a long query breaks; its users are told to leave
	// it alone. To .NET it is the time to wait for a connection, and so it is here.
	if limit, has := v[keyConnectTimeout]; has {
		delete(v, keyConnectTimeout)
		if _, told := v[keyDialTimeout]; !told && limit != "0" {
			v[keyDialTimeout] = limit
		}
	}
	return dsnOf(d), nil
}
