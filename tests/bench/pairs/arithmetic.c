#include "pair.h"

MAP(state, ARRAY, 4, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *v = bpf_map_lookup_elem(&state, &key);
	if (!v)
		return XDP_PASS;
	__u64 x = *v;
	x += 0x9E3779B97F4A7C15;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*v += x;
	__u64 seconds = x / 1000000000, rest = x % 1000000000;
	__u64 a = seconds * 7 + rest / 1000, b = (seconds % 60) << 8 | rest % 256;
	key = 1;
	bpf_map_update_elem(&state, &key, &a, BPF_ANY);
	key = 2;
	bpf_map_update_elem(&state, &key, &b, BPF_ANY);
	return x % 10 < 3 ? XDP_DROP : XDP_PASS;
}
