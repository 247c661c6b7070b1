package scenarios

import (
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// written in words: at least one sign that is no blank.
const someText = `\S`

func (t text) schema(*definitions) *schema {
	s := &schema{Type: "string"}
	switch {
	case t.like != nil:
		s.Pattern = t.like.String()
	case !t.empty:
		s.Pattern = someText
	}
	return s
}

// schema of a choice: a word that looks like a number may stand without quotes.
func (c choice) schema(*definitions) *schema {
	s := oneWord(c.of...)
	for _, w := range c.of {
		if bare.MatchString(w) {
			s.Enum = append(s.Enum, parse(w))
		}
	}
	return s
}

func (v kind) schema(*definitions) *schema {
	s := oneWord(v.kindNames()...)
	s.vital = true
	return s
}

func (f truth) schema(*definitions) *schema { return &schema{Type: "boolean"} }

func (v number) schema(*definitions) *schema {
	return &schema{Type: "integer", Minimum: new(float64(v.least)), Maximum: new(float64(v.most))}
}

func (v many) schema(*definitions) *schema {
	return &schema{Type: "integer", Minimum: new(1.0), Maximum: new(float64(mostKeys))}
}

func (v seed) schema(*definitions) *schema { return &schema{Type: "integer", Minimum: new(0.0)} }

func (v decimal) schema(*definitions) *schema {
	s := &schema{Type: "number", Maximum: &v.most}
	if v.above {
		s.Above = &v.least
	} else {
		s.Minimum = &v.least
	}
	return s
}

func (v percent) schema(*definitions) *schema {
	return &schema{Type: "string", Pattern: `^[-+]?0*(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$`}
}

func (v part) schema(d *definitions) *schema { return percent{}.schema(d) }

// durationSyntax is what time.ParseDuration reads, but for what is below zero.
const durationSyntax = `^\+?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`

func (v duration) schema(*definitions) *schema {
	return &schema{Type: "string", Pattern: durationSyntax}
}

func (v phase) schema(d *definitions) *schema { return duration{}.schema(d) }

func (v size) schema(*definitions) *schema {
	return &schema{Type: "string", Pattern: sizeSyntax.String()}
}

func (v amount) schema(*definitions) *schema {
	return &schema{Type: "string", Pattern: sizeSyntax.String()}
}

func (v rate) schema(*definitions) *schema {
	return &schema{Type: "string", Pattern: rateSyntax.String()}
}

func (v bandwidth) schema(*definitions) *schema {
	return &schema{Type: "string", Pattern: bandwidthSyntax.String()}
}

func (v partitions) schema(*definitions) *schema {
	return either(&schema{Type: "integer", Minimum: new(0.0), Maximum: new(float64(1<<31 - 1))}, oneWord(faults.AllPartitions.String()))
}

func (v words) schema(d *definitions) *schema {
	one := text{}.schema(d)
	return either(one, listOf(one, 0))
}

func (v never) schema(d *definitions) *schema { return words{}.schema(d) }

func (v condition) schema(d *definitions) *schema { return text{}.schema(d) }

// schema of settings: one value each, of whatever type it looks like.
func (s settings) schema(*definitions) *schema {
	one := either(&schema{Type: "string"}, &schema{Type: "number"}, &schema{Type: "boolean"})
	all := &schema{Type: "object", Others: one}
	for _, k := range s.kinds {
		its := &schema{Type: "object", Others: one, Description: "Settings for " + k + " alone."}
		all.Properties = append(all.Properties, property{k, either(its, one)})
	}
	return all
}

func (v pace) schema(d *definitions) *schema {
	return either(rate{}.schema(d), oneWord(closedLoop), oneVariant(d, v.shapes()))
}

func (v stairs) schema(d *definitions) *schema {
	return listOf(stairs{&loadgen.Steps{{}}, v.d}.step(0, "").schema(d), MostSteps)
}

func (v recorded) schema(d *definitions) *schema { return text{}.schema(d) }

func (v sizes) schema(d *definitions) *schema {
	return either(size{}.schema(d), oneVariant(d, v.variants()))
}

func (v keys) schema(d *definitions) *schema {
	return either(oneWord(noKeys), oneVariant(d, v.variants()))
}

func (v spread) schema(d *definitions) *schema {
	return either(oneWord(inTurn, byKey), oneVariant(d, v.variants()))
}

func (v weights) schema(d *definitions) *schema { return listOf(decimal{most: 1e6}.schema(d), 0) }

func (v bodies) schema(d *definitions) *schema {
	return either(oneWord(randomBody), oneVariant(d, v.variants()))
}

func (v processing) schema(d *definitions) *schema {
	return either(duration{}.schema(d), v.spread().schema(d))
}

func (v transactions) schema(d *definitions) *schema { return v.section().schema(d) }

func (v expectations) schema(*definitions) *schema {
	return &schema{Type: "array", Items: &schema{Type: "string", Pattern: report.ExpectationPattern()}}
}

func (v stated) schema(*definitions) *schema {
	return &schema{Type: "string", Pattern: report.StatedPattern()}
}

func (v weightedSizes) schema(d *definitions) *schema {
	return listOf(weightedSizes{&loadgen.Weighted{{}}}.item(0).schema(d), mostSizes)
}

func (v steps) schema(d *definitions) *schema { return several{v, nil, alone}.schema(d) }

func (v several) schema(d *definitions) *schema {
	w := written{file: v.steps, in: v.in, weight: 1}
	s := listOf(w.schema(d), 0)
	if v.in == alone {
		s.MinItems = 0
	}
	return s
}

// schema of an entry of a list of faults. That it names one kind of fault, and a target that goes with it, only the loader tells: editors would tell of
// every kind that is not there.
func (w *written) schema(d *definitions) *schema {
	return d.ref("entry."+string(w.in), func() *schema {
		s := w.fields().schema(d)
		switch w.in {
		case alone:
			s.AnyOf = []*schema{{Required: []string{"at"}}, {Required: []string{"after"}}}
		case inRandom:
			s.Required = []string{"for"}
		}
		return s
	})
}

func (v injection) schema(d *definitions) *schema {
	return d.ref("fault."+v.k.Name, func() *schema {
		s := section{}.schema(d)
		if c, ok := v.k.New().(faults.Configurable); ok {
			s = params(c).schema(d)
		} else {
			s.MaxFields = new(0)
		}
		if targetFields[v.k.Target].name != "" {
			target := text{}.schema(d)
			target.Description = "Its target, as in " + v.example(targetFields[v.k.Target])
			s = either(target, s)
		}
		s.Description = v.k.About
		if v.k.Only != "" {
			s.Description += "; needs run: " + v.k.Only + ": " + v.k.Why
		}
		return s
	})
}

func (v randomFaults) schema(d *definitions) *schema {
	s := v.section(newRandom()).schema(d)
	s.Required = []string{"of"}
	return s
}

func (v choices) schema(d *definitions) *schema {
	w := written{file: v.w.file, in: inRandom, weight: 1}
	return listOf(w.schema(d), 0)
}
