#include "pair.h"

MAP(queues, CPUMAP, 64, __u32, __u32);

const volatile __u32 processors = 1;
__u64 given;

SEC("xdp")
int spread(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	if ((void *)(eth + 1) > END(ctx))
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((void *)(ip + 1) > END(ctx))
		return XDP_PASS;
	__u32 source = ip->saddr;
	__sync_fetch_and_add(&given, 1);
	return bpf_redirect_map(&queues, (source ^ source >> 8 ^ source >> 16 ^ source >> 24) % processors, XDP_PASS);
}
