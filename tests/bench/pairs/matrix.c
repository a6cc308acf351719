#include "pair.h"

struct table {
	__u32 cells[64];
	__u32 sums[8];
};

MAP(tables, ARRAY, 1, __u32, struct table);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct table *t = bpf_map_lookup_elem(&tables, &key);
	if (!t)
		return XDP_PASS;
	long n = END(ctx) - DATA(ctx);
	t->cells[n & 63] += 1;
	int best = 0;
	for (int row = 0; row < 8; row++) {
		__u32 total = 0;
		for (int column = 0; column < 8; column++)
			total += t->cells[row * 8 + column] * (column + 1);
		t->sums[row] = total;
		if (total > t->sums[best & 7])
			best = row;
	}
	return best > 4 ? XDP_DROP : XDP_PASS;
}
