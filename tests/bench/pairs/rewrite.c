#include "pair.h"

MAP(targets, HASH, 64, __u32, __u32);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx);
	if (data + 34 > END(ctx))
		return XDP_PASS;
	struct ethhdr *eth = data;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	struct iphdr *ip = data + 14;
	__u32 old = ip->daddr;
	__u32 *target = bpf_map_lookup_elem(&targets, &old);
	if (!target)
		return XDP_PASS;
	__u32 new = *target;
	__u32 total = (ip->check ^ 0xFFFF) + (old >> 16 ^ 0xFFFF) + ((old & 0xFFFF) ^ 0xFFFF) + (new >> 16) + (new & 0xFFFF);
	total = (total & 0xFFFF) + (total >> 16);
	total = (total & 0xFFFF) + (total >> 16);
	ip->check = total ^ 0xFFFF;
	ip->daddr = new;
	for (int i = 0; i < 6; i++) {
		__u8 t = eth->h_dest[i];
		eth->h_dest[i] = eth->h_source[i];
		eth->h_source[i] = t;
	}
	return XDP_TX;
}
