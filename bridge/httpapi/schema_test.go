package httpapi_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// schemas validates JSON by the part of JSON Schema 2020-12 that the description uses. A keyword that it does not know fails: it would
// be checked by nobody.
type schemas struct{ doc map[string]any }

// notes are keywords that say something to people.
var notes = []string{"description", "contentEncoding"}

// resolve follows a reference.
func (s *schemas) resolve(schema map[string]any) (map[string]any, error) {
	ref, is := schema["$ref"].(string)
	if !is {
		return schema, nil
	}
	at := any(s.doc)
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		m, _ := at.(map[string]any)
		at = m[part]
	}
	found, is := at.(map[string]any)
	if !is {
		return nil, fmt.Errorf("%s leads nowhere", ref)
	}
	return found, nil
}

// check says what is wrong with a value.
func (s *schemas) check(v any, raw any, at string) error {
	schema, ok := raw.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: the schema is no object: %v", at, raw)
	}
	schema, err := s.resolve(schema)
	if err != nil {
		return err
	}
	for word, arg := range schema {
		if err := s.keyword(word, arg, schema, v, at); err != nil {
			return err
		}
	}
	return nil
}

func (s *schemas) keyword(word string, arg any, schema map[string]any, v any, at string) error {
	object, isObject := v.(map[string]any)
	list, isList := v.([]any)
	text, isText := v.(string)
	number, isNumber := v.(json.Number)
	switch word {
	case "type":
		var names []string
		switch t := arg.(type) {
		case string:
			names = []string{t}
		case []any:
			for _, one := range t {
				names = append(names, one.(string))
			}
		}
		is := kinds(v)
		if !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(is, n) }) {
			return fmt.Errorf("%s: %v, want %v", at, is, names)
		}
	case "enum":
		if !slices.ContainsFunc(arg.([]any), func(one any) bool { return one == v }) {
			return fmt.Errorf("%s: %v is none of %v", at, v, arg)
		}
	case "const":
		if v != arg {
			return fmt.Errorf("%s: %v is not %v", at, v, arg)
		}
	case "anyOf":
		var why []string
		for _, one := range arg.([]any) {
			err := s.check(v, one, at)
			if err == nil {
				return nil
			}
			why = append(why, err.Error())
		}
		return fmt.Errorf("%s: none of\n\t%s", at, strings.Join(why, "\n\t"))
	case "allOf":
		for _, one := range arg.([]any) {
			if err := s.check(v, one, at); err != nil {
				return err
			}
		}
	case "required":
		for _, name := range arg.([]any) {
			if _, has := object[name.(string)]; isObject && !has {
				return fmt.Errorf("%s: no %v", at, name)
			}
		}
	case "properties":
		for name, one := range arg.(map[string]any) {
			if v, has := object[name]; has {
				if err := s.check(v, one, at+"."+name); err != nil {
					return err
				}
			}
		}
	case "additionalProperties":
		known, _ := schema["properties"].(map[string]any)
		for name, v := range object {
			if _, is := known[name]; is {
				continue
			}
			if arg == false {
				return fmt.Errorf("%s: nobody knows %s", at, name)
			}
			if err := s.check(v, arg, at+"."+name); err != nil {
				return err
			}
		}
	case "items":
		for i, v := range list {
			if err := s.check(v, arg, fmt.Sprintf("%s[%d]", at, i)); isList && err != nil {
				return err
			}
		}
	case "pattern":
		if isText && !regexp.MustCompile(arg.(string)).MatchString(text) {
			return fmt.Errorf("%s: %q does not match %v", at, text, arg)
		}
	case "minLength", "maxLength":
		n, most := utf8.RuneCountInString(text), bound(arg)
		if isText && (word == "minLength") == (big.NewRat(int64(n), 1).Cmp(most) < 0) && big.NewRat(int64(n), 1).Cmp(most) != 0 {
			return fmt.Errorf("%s: a text of %d characters", at, n)
		}
	case "minimum", "maximum":
		if !isNumber {
			return nil
		}
		n, _ := new(big.Rat).SetString(number.String())
		if c := n.Cmp(bound(arg)); word == "minimum" && c < 0 || word == "maximum" && c > 0 {
			return fmt.Errorf("%s: %v is beyond %v", at, number, arg)
		}
	default:
		if !slices.Contains(notes, word) {
			return fmt.Errorf("%s: the keyword %s is not known", at, word)
		}
	}
	return nil
}

func bound(arg any) *big.Rat {
	r, _ := new(big.Rat).SetString(arg.(json.Number).String())
	return r
}

// kinds are the types that a value is of.
func kinds(v any) []string {
	switch v := v.(type) {
	case nil:
		return []string{"null"}
	case bool:
		return []string{"boolean"}
	case string:
		return []string{"string"}
	case []any:
		return []string{"array"}
	case map[string]any:
		return []string{"object"}
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok && r.IsInt() {
			return []string{"integer", "number"}
		}
		return []string{"number"}
	}
	return nil
}
