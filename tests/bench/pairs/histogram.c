#include "pair.h"

MAP(lengths, PERCPU_ARRAY, 32, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	long n = END(ctx) - DATA(ctx);
	__u32 slot = 0;
	if (n >= 1 << 8) {
		n >>= 8;
		slot += 8;
	}
	if (n >= 1 << 4) {
		n >>= 4;
		slot += 4;
	}
	if (n >= 1 << 2) {
		n >>= 2;
		slot += 2;
	}
	if (n >= 1 << 1)
		slot += 1;
	__u64 *count = bpf_map_lookup_elem(&lengths, &slot);
	if (count)
		*count += 1;
	return XDP_PASS;
}
