#include "pair.h"

MAP(counts, ARRAY, 8, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = END(ctx);
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	__u16 proto = eth->h_proto;
	int offset = 14, tags = 0;
	for (int i = 0; i < 3; i++) {
		if (proto != bpf_htons(ETH_P_8021Q))
			break;
		struct vlan_hdr *tag = data + offset;
		if ((void *)(tag + 1) > end)
			return XDP_PASS;
		proto = tag->h_vlan_encapsulated_proto;
		offset += 4;
		tags += 1;
	}
	__u32 key = tags;
	if (proto == bpf_htons(ETH_P_IPV6))
		key += 4;
	else if (proto != bpf_htons(ETH_P_IP))
		return XDP_DROP;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_PASS;
}
