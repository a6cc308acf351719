#include "../pair.h"

struct prefix {
	__u32 bits;
	__be32 address;
};

struct hop {
	__u8 dest[6], source[6];
	__u32 device;
};

MAP(hosts, HASH, 1024, __be32, struct hop);
MAP(gateways, HASH, 1024, __be32, struct hop);
MAP(devices, DEVMAP, 64, __u32, __u32);
MAP(packets, PERCPU_ARRAY, 256, __u32, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __be32);
} routes SEC(".maps");

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
	if (kind != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	struct iphdr *ip = data + at;
	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	__u32 protocol = ip->protocol;
	__u64 *count = bpf_map_lookup_elem(&packets, &protocol);
	if (count)
		*count += 1;
	__be32 target = ip->daddr;
	struct hop *hop = bpf_map_lookup_elem(&hosts, &target);
	if (!hop) {
		struct prefix prefix = { 32, target };
		__be32 *gateway = bpf_map_lookup_elem(&routes, &prefix);
		if (!gateway)
			return XDP_PASS;
		hop = bpf_map_lookup_elem(&gateways, gateway);
		if (!hop)
			return XDP_PASS;
	}
	__builtin_memcpy(eth->h_dest, hop->dest, 6);
	__builtin_memcpy(eth->h_source, hop->source, 6);
	return bpf_redirect_map(&devices, hop->device, 0);
}
