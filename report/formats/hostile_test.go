package formats

import (
	"reflect"

	"github.com/seed-228c25e4/squall/report"
)

// spoilt is a report in which every text is hostile, and which is shown in all its parts.
func spoilt() *report.Report {
	r := failing()
	other := inconclusive()
	r.Validity, r.Disturbances, r.Crashes, r.Run.Host.Unseen = other.Validity, other.Disturbances, other.Crashes, other.Run.Host.Unseen
	r.Run.Command = []string{"squall", "run", "x"}
	r.Run.Broker.Versions = map[string]string{"b1": "1"}
	r.Run.Calibration = &report.Calibration{Ceiling: 1, Target: 1}
	r.Verdict.Reasons = []report.Reason{{Code: report.ExitSafety, Text: "x", Of: "lost"}, {Code: report.ExitMissed, Text: "y", Of: "crash"}, {Code: report.ExitInconclusive, Text: "z"}}
	many := repeated()
	r.Faults, r.Recovery, r.Series = append(r.Faults, many.Faults...), append(r.Recovery, many.Recovery...), many.Series
	spoil(reflect.ValueOf(r).Elem())
	r.Verdict.Outcome, r.Run.Stated = report.Fail, ""
	for i := range r.Expectations {
		r.Expectations[i].Outcome = report.Fail
	}
	return r
}

// spoil adds what is hostile to every text below v.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			spoil(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String || v.Type().Elem().Kind() != reflect.String {
			return
		}
		for _, k := range v.MapKeys() {
			value := v.MapIndex(k).String() + hostile
			v.SetMapIndex(k, reflect.Value{})
			v.SetMapIndex(reflect.ValueOf(k.String()+hostile), reflect.ValueOf(value))
		}
	case reflect.String:
		v.SetString(v.String() + hostile)
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	}
}
