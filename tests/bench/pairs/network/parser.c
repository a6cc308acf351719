#include "pair.h"

#define IPPROTO_HOPOPTS 0
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_DSTOPTS 60

struct kind {
	__u16 ether_type;
	__u8 protocol, tags;
};

struct traffic {
	__u64 packets, octets;
};

MAP(kinds, PERCPU_HASH, 1024, struct kind, struct traffic);

static __always_inline void count_kind(const struct kind *kind, __u64 octets)
{
	struct traffic *traffic = bpf_map_lookup_elem(&kinds, kind);
	if (!traffic) {
		struct traffic none = {};
		bpf_map_update_elem(&kinds, kind, &none, BPF_NOEXIST);
		traffic = bpf_map_lookup_elem(&kinds, kind);
		if (!traffic)
			return;
	}
	traffic->packets += 1;
	traffic->octets += octets;
}

static __always_inline int is_extension(__u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH ||
	       protocol == IPPROTO_DSTOPTS;
}

SEC("xdp")
int parse(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = END(ctx);
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	struct kind kind = { .ether_type = bpf_ntohs(eth->h_proto) };
	__u64 at = sizeof(*eth), octets = end - data;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if (kind.ether_type != ETH_P_8021Q && kind.ether_type != ETH_P_8021AD)
			break;
		struct vlan_hdr *tag = data + at;
		if ((void *)(tag + 1) > end)
			return XDP_DROP;
		kind.ether_type = bpf_ntohs(tag->h_vlan_encapsulated_proto);
		kind.tags++;
		at += sizeof(*tag);
	}
	int first = 1;
	if (kind.ether_type == ETH_P_IP) {
		struct iphdr *ip = data + at;
		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		if (ip->version != 4 || ip->ihl < 5)
			return XDP_DROP;
		kind.protocol = ip->protocol;
		first = !(ip->frag_off & bpf_htons(0x1fff));
		at += ip->ihl * 4;
	} else if (kind.ether_type == ETH_P_IPV6) {
		struct ipv6hdr *ip6 = data + at;
		if ((void *)(ip6 + 1) > end)
			return XDP_DROP;
		if (ip6->version != 6)
			return XDP_DROP;
		kind.protocol = ip6->nexthdr;
		at += sizeof(*ip6);
		int i;
		for (i = 0; i < 6; i++) {
			if (!is_extension(kind.protocol) || !first)
				break;
			struct ipv6_opt_hdr *extension = data + at;
			if ((void *)extension + 8 > end)
				return XDP_DROP;
			__u64 length;
			if (kind.protocol == IPPROTO_FRAGMENT) {
				first = !(((struct frag_hdr *)extension)->frag_off & bpf_htons(0xfff8));
				length = 8;
			} else if (kind.protocol == IPPROTO_AH) {
				length = (extension->hdrlen + 2) * 4;
			} else {
				length = (extension->hdrlen + 1) * 8;
			}
			kind.protocol = extension->nexthdr;
			at += length;
			if (at > octets)
				return XDP_DROP;
		}
		if (i == 6 && first && is_extension(kind.protocol))
			return XDP_DROP;
	} else {
		count_kind(&kind, octets);
		return XDP_PASS;
	}
	if (first && kind.protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = data + at;
		if ((void *)tcp + 14 > end)
			return XDP_DROP;
		if (tcp->doff < 5)
			return XDP_DROP;
	} else if (first && kind.protocol == IPPROTO_UDP) {
		struct udphdr *udp = data + at;
		if ((void *)udp + 6 > end)
			return XDP_DROP;
		if (bpf_ntohs(udp->len) < 8)
			return XDP_DROP;
	}
	count_kind(&kind, octets);
	return XDP_PASS;
}
