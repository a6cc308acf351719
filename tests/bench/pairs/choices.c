#include "pair.h"

MAP(counts, PERCPU_ARRAY, 8, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx);
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	if (data + 34 > END(ctx) || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	int action = XDP_PASS;
	__u32 slot;
	switch (ip->protocol) {
	case 1:
		slot = 1;
		break;
	case 6:
	case 132:
		slot = 2;
		break;
	case 17:
	case 136:
		slot = 3;
		action = XDP_TX;
		break;
	case 2:
	case 103:
		slot = 4;
		break;
	case 47:
	case 4:
	case 41:
		slot = 5;
		action = XDP_DROP;
		break;
	case 253 ... 255:
		slot = 6;
		action = XDP_DROP;
		break;
	default:
		slot = 0;
	}
	__u64 *count = bpf_map_lookup_elem(&counts, &slot);
	if (count)
		*count += 1;
	return action;
}
