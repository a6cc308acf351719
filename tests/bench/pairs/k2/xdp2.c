#include "../pair.h"

MAP(protocols, PERCPU_ARRAY, 256, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = END(ctx);
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	__u16 kind = eth->h_proto;
	int at = sizeof(*eth);
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if (kind == bpf_htons(ETH_P_8021Q) || kind == bpf_htons(ETH_P_8021AD)) {
			struct vlan_hdr *tag = data + at;
			if ((void *)(tag + 1) > end)
				return XDP_DROP;
			kind = tag->h_vlan_encapsulated_proto;
			at += sizeof(*tag);
		}
	}
	__u32 protocol = 0;
	if (kind == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data + at;
		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		protocol = ip->protocol;
	} else if (kind == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = data + at;
		if ((void *)(ip6 + 1) > end)
			return XDP_DROP;
		protocol = ip6->nexthdr;
	}
	__u64 *count = bpf_map_lookup_elem(&protocols, &protocol);
	if (count)
		*count += 1;
	if (protocol != IPPROTO_UDP)
		return XDP_DROP;
	swap_addresses(eth);
	return XDP_TX;
}
