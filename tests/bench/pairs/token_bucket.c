#include "pair.h"

struct source {
	__u64 tokens, seen;
	__u32 dropped;
};

MAP(buckets, HASH, 256, __u32, struct source);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = END(ctx);
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	struct iphdr *ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	__u32 source = ip->saddr;
	struct source *bucket = bpf_map_lookup_elem(&buckets, &source);
	if (!bucket) {
		struct source first;
		/* Padding too: it is part of the value. */
		__builtin_memset(&first, 0, sizeof(first));
		first.tokens = 1000;
		first.seen = ip->id;
		bpf_map_update_elem(&buckets, &source, &first, BPF_ANY);
		return XDP_PASS;
	}
	__s64 earned = (ip->id - (__s64)bucket->seen) * 4;
	if (earned > 0) {
		__u64 tokens = bucket->tokens + earned;
		bucket->tokens = tokens < 4000 ? tokens : 4000;
	}
	bucket->seen = ip->id;
	__u64 cost = end - data;
	if (bucket->tokens < cost) {
		bucket->dropped += 1;
		return XDP_DROP;
	}
	bucket->tokens -= cost;
	return XDP_PASS;
}
