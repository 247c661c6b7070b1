package formats

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-228c25e4/squall/report"
)

// mostWords is how long a line of words may be that others made, in bytes; what is longer is cut.
const mostWords = 2_000

// words returns a line of text without what a terminal would obey, and what XML has no place for.
func words(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\uFFFE' || r == '\uFFFF' {
			return -1
		}
		return r
	}, report.Plain(strings.ReplaceAll(text, "\n", " ")))
}

// lines returns several lines of such text.
func lines(text string) string {
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = strings.TrimRightFunc(words(line), unicode.IsSpace)
	}
	return strings.Join(all, "\n")
}

// cut shortens what is too long.
func cut(text string) string {
	if len(text) <= mostWords {
		return text
	}
	const more = "..."
	n := mostWords - len(more)
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + more
}

// apart stands between two characters that would mean something together, and is not seen: a zero-width space.
const apart = "\u200b"

var (
	markup = regexp.MustCompile("[\\\\`*_\\[\\]|~#$]")
	// Mentions, links, numbers of issues and commands to CI servers are looked for in what is shown: there is no way to write them as words.
	obeyed = strings.NewReplacer("@", "@"+apart, "://", ":"+apart+"//", "www.", "www"+apart+".", "::", ":"+apart+":", "#", "#"+apart)
	html   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// MarkdownText returns a line of text for Markdown, also in a cell of a table, where it is nothing but words: no markup, link, mention or command. What is
// longer than 2,000 bytes is cut.
func MarkdownText(text string) string {
	text = obeyed.Replace(cut(strings.TrimSpace(words(cut(text)))))
	return html.Replace(markup.ReplaceAllString(text, `\$0`))
}

var fences = regexp.MustCompile("`{3,}")

// fenced returns a block of code for Markdown, which nothing in it can end.
func fenced(language, code string) string {
	fence := "```"
	for _, ticks := range fences.FindAllString(code, -1) {
		if len(ticks) >= len(fence) {
			fence = ticks + "`"
		}
	}
	all := strings.Split(lines(code), "\n")
	for i, line := range all {
		if start := strings.TrimSpace(line); strings.HasPrefix(start, "::") || strings.Contains(start, "##") {
			all[i] = obeyed.Replace(line)
		}
	}
	return fence + language + "\n" + strings.Join(all, "\n") + "\n" + fence + "\n\n"
}

// shell returns a command as it is typed.
func shell(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		plain := a != "" && !strings.ContainsFunc(a, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./=:,@%+", r)
		})
		if quoted[i] = a; !plain {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
