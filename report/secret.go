package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Stars stand where a secret stood.
const Stars = "***"

// leastSecret is the length, in bytes, from which on a secret is looked for in texts that do not name it: what is shorter is in every other word.
const leastSecret = 4

// secretWords are what the names of settings have in them whose values are secrets, Kafka's own choice included: it hides certificates, too.
const secretWords = `passw|passphrase|secret|token|credential|private[._-]?key|jaas|cookie|api[._-]?key|master[._-]key|keystore[._-]key|(?:certificates|certificate[._-]chain)$|(?:^|[._-])(?:pass|pwd)$`

var (
	secretName = regexp.MustCompile(`(?i)` + secretWords)
	// quantity ends the names of settings that only tell how something is done with secrets.
	quantity = regexp.MustCompile(`(?i)[._-](?:ms|seconds|minutes|hours|days|iterations|length|size|bytes|algorithm|url|uri|file|path|location|env|type|enabled?|class)$`)
	// assigned is a name with its value, as configurations, command lines and logs write it: name=value, name: "value". The end of a path is no name.
	assigned = regexp.MustCompile(`(^|[^\w/])([A-Za-z][\w.-]*)(\]?["']?[ \t]*[:=][ \t]*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;}"']+)`)
	// inURL are a user and a password in an address.
	inURL = regexp.MustCompile(`://[^\s/@"']+@`)
	// jaasOption is an option of a JAAS configuration whose value is a secret: password="x", or user_alice="x", which is alice's password.
	jaasOption = regexp.MustCompile(`(?i)\b(?:[\w.]*(?:` + secretWords + `)[\w.]*|user_[^\s=]+)\s*=\s*(?:"([^"]*)"|([^\s;"]+))`)
)

// IsSecret reports whether a setting of this name holds a secret: ssl.keystore.password does, password.encoder.iterations does not. A path that ends with
// the name, as in broker.config[ssl.keystore.password], is judged the same.
func IsSecret(name string) bool {
	name = strings.Trim(name, `[]"' `)
	return secretName.MatchString(name) && !quantity.MatchString(name)
}

// HideNamed returns a text with stars in the place of the values that stand there with the name of a secret setting.
func HideNamed(text string) string {
	text = inURL.ReplaceAllString(text, "://"+Stars+"@")
	return replaceNamed(text, func(string) {})
}

// NamedSecrets returns the values that HideNamed would hide.
func NamedSecrets(text string) (values []string) {
	replaceNamed(text, func(value string) { values = append(values, strings.Trim(value, `"'`)) })
	return values
}

func replaceNamed(text string, found func(value string)) string {
	return assigned.ReplaceAllStringFunc(text, func(all string) string {
		m := assigned.FindStringSubmatch(all)
		if !IsSecret(m[2]) {
			return all
		}
		found(m[4])
		return m[1] + m[2] + m[3] + Stars
	})
}

// HideSetting returns what --set is given, PATH=VALUE, with stars for the value of a secret setting.
func HideSetting(set string) string {
	if path, _, ok := strings.Cut(set, "="); ok && IsSecret(path) {
		return path + "=" + Stars
	}
	return HideNamed(set)
}

// Secrets are values that are not to be told to anybody. The zero value holds none. It is not changed once it is made.
type Secrets struct {
	values []string // the longest first: one may be a part of another
}

// NewSecrets returns the secrets that there are among the values of settings. A value that is part of a word of the run itself, such as the name of its
// topic, is no secret outside of its setting, and is not looked for; neither is one of less than 4 bytes.
func NewSecrets(values, words []string) Secrets {
	var s Secrets
	for _, v := range values {
		for _, l := range literals(v) {
			common := slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, l) })
			if len(l) >= leastSecret && l != Stars && !common && !slices.Contains(s.values, l) {
				s.values = append(s.values, l)
			}
		}
	}
	slices.SortStableFunc(s.values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return s
}

// literals are what a text may have of a secret: the whole, each of its lines, but for those that may be a common word, and of a JAAS configuration the
// options that are secrets.
func literals(value string) []string {
	const wordy = 12 // bytes
	all := []string{strings.TrimSpace(value)}
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); len(line) > wordy {
			all = append(all, line)
		}
	}
	for _, m := range jaasOption.FindAllStringSubmatch(value, -1) {
		all = append(all, cmp.Or(m[1], m[2]))
	}
	return all
}

// Hide returns a text with stars in the place of each secret, and of what stands there with a secret's name.
func (s Secrets) Hide(text string) string {
	for _, v := range s.values {
		text = strings.ReplaceAll(text, v, Stars)
	}
	return HideNamed(text)
}

// HideAll does so with lines.
func (s Secrets) HideAll(lines []string) []string {
	hidden := make([]string, len(lines))
	for i, l := range lines {
		hidden[i] = s.Hide(l)
	}
	return hidden
}

// HideSettings returns settings with stars for the values of those whose names say that they are secrets, and for each secret in the others.
func (s Secrets) HideSettings(settings map[string]string) map[string]string {
	if settings == nil {
		return nil
	}
	hidden := make(map[string]string, len(settings))
	for name, value := range settings {
		if hidden[name] = s.Hide(value); IsSecret(name) && value != "" {
			hidden[name] = Stars
		}
	}
	return hidden
}

// Hidden returns a copy of a part of a report, or of an event, in which no text holds one of the secrets. Where there are none, it is v itself.
func Hidden[T any](s Secrets, v T) T {
	if len(s.values) == 0 {
		return v
	}
	return rewritten(v, s.Hide)
}
