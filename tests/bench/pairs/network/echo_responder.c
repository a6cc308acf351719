#include "pair.h"

#define ECHO_REQUEST 8
#define TTL 64

MAP(answered, ARRAY, 1, __u32, __u64);

/* The checksum after a 16-bit word became another (RFC 1624, equation 3). */
static __always_inline __u16 replaced(__u16 check, __u16 old, __u16 new)
{
	__u32 total = (__u16)~check + (__u16)~old + new;
	total = (total & 0xffff) + (total >> 16);
	total = (total & 0xffff) + (total >> 16);
	return ~total;
}

SEC("xdp")
int respond(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct icmphdr *icmp = (void *)(ip + 1);
	if ((void *)(icmp + 1) > END(ctx))
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_ICMP || ip->frag_off & bpf_htons(0x3fff))
		return XDP_PASS;
	if (icmp->type != ECHO_REQUEST || icmp->code != 0)
		return XDP_PASS;
	if (eth->h_dest[0] & 1)
		return XDP_DROP;
	swap_addresses(eth);
	__be32 address = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = address;
	ip->check = bpf_htons(replaced(bpf_ntohs(ip->check), ip->ttl << 8 | IPPROTO_ICMP, TTL << 8 | IPPROTO_ICMP));
	ip->ttl = TTL;
	icmp->checksum = bpf_htons(replaced(bpf_ntohs(icmp->checksum), ECHO_REQUEST << 8, 0));
	icmp->type = 0;
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&answered, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_TX;
}
