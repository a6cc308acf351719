#include "pair.h"

#define SLOTS 251

struct service {
	__be32 address;
	__be16 port;
	__u16 protocol;
};

struct server {
	__be32 address;
	__u8 mac[6];
	__u64 packets;
};

MAP(services, HASH, 4, struct service, __u32);
MAP(slots, ARRAY, 1004, __u32, __u32);
MAP(servers, ARRAY, 64, __u32, struct server);

const volatile __be32 own_address;

static __always_inline __u32 mixed(__u32 h)
{
	h = (h ^ h >> 16) * 0x85ebca6b;
	h = (h ^ h >> 13) * 0xc2b2ae35;
	return h ^ h >> 16;
}

static __always_inline __u16 header_sum(struct iphdr *ip)
{
	__u16 *words = (void *)ip;
	__u32 total = 0;
#pragma unroll
	for (int i = 0; i < 10; i++)
		total += words[i];
	total = (total & 0xffff) + (total >> 16);
	return ~(total + (total >> 16));
}

SEC("xdp")
int balance(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *ports = (void *)(ip + 1);
	if ((void *)(eth + 1) > END(ctx))
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((void *)(ip + 1) > END(ctx))
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	if (ip->ihl != 5 || ip->frag_off & bpf_htons(0x3fff))
		return XDP_DROP;
	if ((void *)ports + 4 > END(ctx))
		return XDP_PASS;
	struct service service = { ip->daddr, ports->dest, ip->protocol };
	__u32 *number = bpf_map_lookup_elem(&services, &service);
	if (!number)
		return XDP_PASS;
	__u32 flow = mixed(mixed(ip->saddr) ^ ports->source ^ ports->dest << 16);
	__u32 key = *number * SLOTS + flow % SLOTS;
	__u32 *slot = bpf_map_lookup_elem(&slots, &key);
	if (!slot)
		return XDP_ABORTED;
	struct server *server = bpf_map_lookup_elem(&servers, slot);
	if (!server || server->address == 0)
		return XDP_DROP;
	__u16 length = bpf_ntohs(ip->tot_len);
	__u8 tos = ip->tos;
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
		return XDP_ABORTED;
	eth = DATA(ctx);
	struct ethhdr *old = (void *)eth + sizeof(*ip);
	struct iphdr *outer = (void *)(eth + 1);
	if ((void *)(old + 1) > END(ctx))
		return XDP_PASS;
	__builtin_memcpy(eth->h_source, old->h_dest, 6);
	__builtin_memcpy(eth->h_dest, server->mac, 6);
	eth->h_proto = bpf_htons(ETH_P_IP);
	outer->version = 4;
	outer->ihl = 5;
	outer->tos = tos;
	outer->tot_len = bpf_htons(length + sizeof(*ip));
	outer->id = 0;
	outer->frag_off = 0;
	outer->ttl = 64;
	outer->protocol = IPPROTO_IPIP;
	outer->check = 0;
	outer->saddr = own_address;
	outer->daddr = server->address;
	outer->check = header_sum(outer);
	server->packets += 1;
	return XDP_TX;
}
