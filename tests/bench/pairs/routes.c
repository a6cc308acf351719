#include "pair.h"

struct prefix {
	__u32 bits, address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32);
} routes SEC(".maps");

MAP(hits, ARRAY, 16, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx);
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	if (data + 34 > END(ctx))
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	struct prefix prefix = { 32, ip->daddr };
	__u32 *route = bpf_map_lookup_elem(&routes, &prefix);
	if (!route)
		return XDP_DROP;
	__u32 key = *route;
	__u64 *count = bpf_map_lookup_elem(&hits, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_TX;
}
