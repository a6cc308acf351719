#include "pair.h"

MAP(last, ARRAY, 1, __u32, __u32);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u8 *data = DATA(ctx);
	if ((void *)data + 64 > END(ctx))
		return XDP_PASS;
	__u32 h = 2166136261, key = 0;
	for (int i = 0; i < 64; i++)
		h = (h ^ data[i]) * 16777619;
	bpf_map_update_elem(&last, &key, &h, BPF_ANY);
	return h % 2 + 1;
}
