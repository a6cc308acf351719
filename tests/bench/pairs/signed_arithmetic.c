#include "pair.h"

struct average {
	__s64 mean, spread;
	__s32 last;
};

MAP(averages, ARRAY, 1, __u32, struct average);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct average *a = bpf_map_lookup_elem(&averages, &key);
	if (!a)
		return XDP_PASS;
	__s64 n = END(ctx) - DATA(ctx);
	__s64 change = n - a->last;
	a->last = n;
	a->mean += (n - a->mean) >> 3;
	a->spread += ((change < 0 ? -change : change) - a->spread) >> 2;
	__s64 limit = a->spread * 2;
	if (limit < 16)
		limit = 16;
	if (limit > 4096)
		limit = 4096;
	return change > limit || change < -limit ? XDP_DROP : XDP_PASS;
}
