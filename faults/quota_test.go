package faults

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

// fakeQuotas has one quota.
type fakeQuotas struct {
	fakeAPI
	limit  *float64
	isDeaf bool
	lost   error
}

func (f *fakeQuotas) Quota(context.Context, string) (*float64, error) { return f.limit, nil }

func (f *fakeQuotas) SetQuota(_ context.Context, _ string, limit *float64) error {
	if !f.isDeaf {
		f.limit = limit
	}
	return f.lost
}

func TestQuota(t *testing.T) {
	t.Parallel()
	was := 5000.0
	q := &Quota{Of: "producers", Limit: 1024}
	for _, before := range []*float64{nil, &was} {
		for _, lost := range []error{nil, errors.New("the answer was lost")} {
			f := &fakeQuotas{limit: before, lost: lost}
			v := Victims{Driver: f, Witness: &Witness{}}
			back, err := q.Inject(t.Context(), v)
			if !errors.Is(err, lost) || f.limit == nil || *f.limit != 1024 {
				t.Errorf("limit %v, error %v", f.limit, err)
			}
			f.lost = nil
			if err := back(t.Context()); err != nil || f.limit != before {
				t.Errorf("%v is left, error %v", f.limit, err)
			}
			if _, notes := v.Witness.told(); lost == nil && (len(notes) != 2 || !strings.HasSuffix(notes[0], "is 1KiB/s")) {
				t.Errorf("evidence %q", notes)
			}
		}
	}
}

func TestQuotaThatDoesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		same := 1024.0
		for _, f := range []*fakeQuotas{{isDeaf: true}, {limit: &same}} {
			if _, err := (&Quota{Of: "producers", Limit: 1024}).Inject(t.Context(), Victims{Driver: f}); err == nil {
				t.Error("a quota that did not change is told as changed")
			}
		}
	})
	if quotaKind.Needs(Victims{}) == nil {
		t.Error("a driver without quotas is taken")
	}
}
