#include "pair.h"

MAP(protocols, ARRAY, 256, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	if (data + sizeof(*eth) + sizeof(*ip) > END(ctx))
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	__u32 key = ip->protocol;
	__u64 *count = bpf_map_lookup_elem(&protocols, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return ip->protocol == IPPROTO_UDP ? XDP_DROP : XDP_PASS;
}
