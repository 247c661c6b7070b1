package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var errorKind = Kind{
	Name:     "error",
	About:    "has brokers answer requests with an error, and do nothing of what they were asked",
	Target:   Nodes,
	New:      func() Fault { return &Error{API: "produce", Share: 1} },
	Survives: notWhileCut,
	Affects:  leads,
	LeavesUp: true,
	Needs:    needsProtocolFaulter,
	Only:     OnlyEmbedded,
	Why:      whyEmulated,
}

// Error puts an error into the victims' answers.
type Error struct {
	Code, API string // in the broker's own words
	Share     Share
}

// Params are the code, the requests and the share.
func (e *Error) Params() []Param {
	return []Param{
		{Name: "code", About: "what is answered, by the broker's own name for it", Value: &e.Code, Sample: "NOT_LEADER_OR_FOLLOWER"},
		apiParam(&e.API), shareParam(&e.Share),
	}
}

// Check wants a code and a share.
func (e *Error) Check() error {
	if e.Code == "" {
		return errors.New("which error? write the broker's own name for it, as in code: NOT_LEADER_OR_FOLLOWER")
	}
	return checkShare(e.Share)
}

// CheckWords wants a code and requests that the kind of broker knows.
func (e *Error) CheckWords(k broker.Kind) error {
	if !slices.Contains(k.Codes, e.Code) {
		return fmt.Errorf("%s has no error %q%s", k.Name, e.Code, nearCodes(e.Code, k.Codes))
	}
	return checkAPI(e.API, k)
}

// nearCodes names those that have the text in them, or the one that is nearest to it.
func nearCodes(text string, codes []string) string {
	text = strings.ToUpper(text)
	near := slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return !strings.Contains(c, text) && !strings.Contains(text, c) })
	if len(near) == 0 {
		return report.Suggest(text, codes)
	}
	return "; near to it are " + strings.Join(near[:min(5, len(near))], ", ")
}

// Inject returns when the victims answer so.
func (e *Error) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.misanswer(ctx, broker.Misanswer{API: e.API, Code: e.Code}, e.Share, func(n broker.Misanswered) string {
		return fmt.Sprintf("%s: %s", answers(n.Answers, e.API), e.Code)
	}, "asked "+list(nodeNames(v.Nodes))+" for "+e.API)
}
