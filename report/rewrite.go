package report

import (
	"reflect"
	"sync"
)

// rewritten returns a copy of what it is given in which every text went through change, but for those that have a type of their own, such as a verdict's
// outcome. It goes by the types and not by a list of fields, so that nobody has to remember a field that is added.
func rewritten[T any](v T, change func(string) string) T {
	return rewrite(reflect.ValueOf(&v).Elem(), change).Interface().(T)
}

var ofText = reflect.TypeFor[string]()

func rewrite(v reflect.Value, change func(string) string) reflect.Value {
	if !holdsText(v.Type()) {
		return v
	}
	to := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		to.SetString(change(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			to.Set(reflect.New(v.Type().Elem()))
			to.Elem().Set(rewrite(v.Elem(), change))
		}
	case reflect.Slice:
		if !v.IsNil() {
			to.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		}
		for i := range v.Len() {
			to.Index(i).Set(rewrite(v.Index(i), change))
		}
	case reflect.Map:
		if !v.IsNil() {
			to.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		}
		rewriteMap(to, v, change)
	case reflect.Struct:
		to.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				to.Field(i).Set(rewrite(v.Field(i), change))
			}
		}
	}
	return to
}

// rewriteMap adds up counts whose keys became the same; of other values one stays.
func rewriteMap(to, v reflect.Value, change func(string) string) {
	for all := v.MapRange(); all.Next(); {
		key, value := rewrite(all.Key(), change), rewrite(all.Value(), change)
		if before := to.MapIndex(key); before.IsValid() && value.Kind() == reflect.Uint64 {
			sum := reflect.New(value.Type()).Elem()
			sum.SetUint(before.Uint() + value.Uint())
			value = sum
		}
		to.SetMapIndex(key, value)
	}
}

var textual sync.Map // reflect.Type: whether values of it hold text that can be rewritten

// holdsText is what keeps histograms, which are most of a report, from being copied.
func holdsText(t reflect.Type) bool {
	if known, ok := textual.Load(t); ok {
		return known.(bool)
	}
	holds := false
	switch t.Kind() {
	case reflect.String:
		holds = t == ofText
	case reflect.Pointer, reflect.Slice:
		holds = holdsText(t.Elem())
	case reflect.Map:
		holds = holdsText(t.Key()) || holdsText(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			holds = holds || t.Field(i).IsExported() && holdsText(t.Field(i).Type)
		}
	}
	textual.Store(t, holds)
	return holds
}
