package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Quotas = (*driver)(nil)

// clientID is the entity whose default limits hold for every client without one of its own.
const clientID = "client-id"

func quotaKey(clients string) string {
	if clients == broker.Consumers {
		return "consumer_byte_rate"
	}
	return "producer_byte_rate"
}

// Quota implements broker.Quotas.
func (d *driver) Quota(ctx context.Context, clients string) (*float64, error) {
	all, err := kadm.NewClient(d.eyes).DescribeClientQuotas(ctx, true,
		[]kadm.DescribeClientQuotaComponent{{Type: clientID, MatchType: kmsg.QuotasMatchTypeDefault}})
	if err != nil {
		return nil, fmt.Errorf("ask for the quota of %s: %w", clients, err)
	}
	for _, q := range all {
		for _, v := range q.Values {
			if v.Key == quotaKey(clients) {
				return &v.Value, nil
			}
		}
	}
	return nil, nil
}

// SetQuota implements broker.Quotas.
func (d *driver) SetQuota(ctx context.Context, clients string, limit *float64) error {
	op := kadm.AlterClientQuotaOp{Key: quotaKey(clients), Remove: limit == nil}
	if limit != nil {
		op.Value = *limit
	}
	told, err := kadm.NewClient(d.eyes).AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{{
		Entity: kadm.ClientQuotaEntity{{Type: clientID}}, Ops: []kadm.AlterClientQuotaOp{op},
	}})
	for _, r := range told {
		if r.Err != nil {
			err = errors.Join(err, tell(r.Err, &r.ErrMessage))
		}
	}
	if err != nil {
		return fmt.Errorf("set the quota of %s: %w", clients, err)
	}
	return nil
}
