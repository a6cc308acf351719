#include "pair.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + 14;
	if (data + 34 > END(ctx))
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	__u32 total = (ip->version << 4 | ip->ihl) + (ip->tos << 8) + ip->tot_len + ip->id + ip->frag_off + ip->ttl;
	total += (ip->protocol << 8) + ip->check;
	for (int shift = 0; shift < 32; shift += 16)
		total += (ip->saddr >> shift & 0xFFFF) + (ip->daddr >> shift & 0xFFFF);
	total = (total & 0xFFFF) + (total >> 16);
	total = (total & 0xFFFF) + (total >> 16);
	return total == 0xFFFF ? XDP_PASS : XDP_DROP;
}
