#include "../pair.h"

MAP(packets, ARRAY, 2, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	if ((void *)(eth + 1) > END(ctx))
		return XDP_DROP;
	__u32 key = eth->h_proto == bpf_htons(ETH_P_IP);
	__u64 *count = bpf_map_lookup_elem(&packets, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_DROP;
}
