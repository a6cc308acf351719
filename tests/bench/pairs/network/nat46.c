#include "pair.h"

struct addresses4 {
	__be32 source, target;
};

struct address6 {
	__be32 words[4];
};

struct addresses6 {
	struct address6 source, target;
};

MAP(targets, HASH, 1024, __be32, struct address6);

SEC("xdp")
int translate(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > END(ctx))
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->version != 4 || ip->ihl < 5 || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	__be32 address = ip->daddr;
	struct address6 *target = bpf_map_lookup_elem(&targets, &address);
	if (!target)
		return XDP_PASS;
	if (ip->frag_off & bpf_htons(0x3fff))
		return XDP_DROP;
	if (ip->ttl <= 1)
		return XDP_PASS;
	int header = ip->ihl * 4, payload = bpf_ntohs(ip->tot_len) - header;
	struct udphdr *udp = (void *)ip + header;
	if ((void *)(udp + 1) > END(ctx))
		return XDP_PASS;
	if (udp->check == 0 || payload < 8)
		return XDP_DROP;
	struct addresses4 old = { ip->saddr, ip->daddr };
	struct addresses6 new = { .source.words = { bpf_htonl(0x0064ff9b), 0, 0, ip->saddr }, .target = *target };
	__s64 total = bpf_csum_diff((void *)&old, sizeof(old), (void *)&new, sizeof(new), (__u16)~udp->check);
	if (total < 0)
		return XDP_ABORTED;
	total = (total & 0xffff) + (total >> 16);
	total = (total & 0xffff) + (total >> 16);
	__u16 check = ~total;
	udp->check = check ? check : 0xffff;
	__u8 tos = ip->tos, hops = ip->ttl - 1, source[6], dest[6];
	__builtin_memcpy(source, eth->h_source, 6);
	__builtin_memcpy(dest, eth->h_dest, 6);
	if (bpf_xdp_adjust_head(ctx, header - (int)sizeof(struct ipv6hdr)))
		return XDP_ABORTED;
	eth = DATA(ctx);
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	if ((void *)(ip6 + 1) > END(ctx))
		return XDP_PASS;
	__builtin_memcpy(eth->h_dest, source, 6);
	__builtin_memcpy(eth->h_source, dest, 6);
	eth->h_proto = bpf_htons(ETH_P_IPV6);
	ip6->version = 6;
	ip6->priority = tos >> 4;
	ip6->flow_lbl[0] = (tos & 15) << 4;
	ip6->flow_lbl[1] = 0;
	ip6->flow_lbl[2] = 0;
	ip6->payload_len = bpf_htons(payload);
	ip6->nexthdr = IPPROTO_UDP;
	ip6->hop_limit = hops;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		ip6->saddr.in6_u.u6_addr32[i] = new.source.words[i];
		ip6->daddr.in6_u.u6_addr32[i] = new.target.words[i];
	}
	return XDP_TX;
}
