#include "pair.h"

MAP(steps, ARRAY, 1, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	long n = END(ctx) - DATA(ctx);
	__u64 taken = 0;
	__u32 key = 0;
	for (int i = 0; i < 100; i++) {
		if (n <= 1)
			break;
		n = (n & 1) == 0 ? n >> 1 : n * 3 + 1;
		taken += 1;
	}
	bpf_map_update_elem(&steps, &key, &taken, BPF_ANY);
	return XDP_PASS;
}
