#include "pair.h"

#define SECOND 1000000000ULL

struct source {
	__be32 words[4];
};

struct tokens_of {
	__u64 tokens, filled, dropped;
};

MAP(buckets, LRU_HASH, 4096, struct source, struct tokens_of);

const volatile __u64 rate = 1000;
const volatile __u64 burst = 100;

SEC("xdp")
int limit(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	struct source source = {};
	if ((void *)(eth + 1) > END(ctx))
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);
		if ((void *)(ip + 1) > END(ctx))
			return XDP_PASS;
		source.words[3] = ip->saddr;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = (void *)(eth + 1);
		if ((void *)(ip6 + 1) > END(ctx))
			return XDP_PASS;
		for (int i = 0; i < 4; i++)
			source.words[i] = ip6->saddr.in6_u.u6_addr32[i];
	} else {
		return XDP_PASS;
	}
	__u64 now = bpf_ktime_get_ns();
	struct tokens_of *bucket = bpf_map_lookup_elem(&buckets, &source);
	if (!bucket) {
		struct tokens_of new = { .tokens = burst - 1, .filled = now };
		bpf_map_update_elem(&buckets, &source, &new, BPF_ANY);
		return XDP_PASS;
	}
	__u64 earned = (now - bucket->filled) * rate / SECOND;
	if (earned > 0) {
		__u64 tokens = bucket->tokens + earned;
		bucket->tokens = tokens < burst ? tokens : burst;
		bucket->filled += earned * SECOND / rate;
	}
	if (bucket->tokens == 0) {
		bucket->dropped += 1;
		return XDP_DROP;
	}
	bucket->tokens -= 1;
	return XDP_PASS;
}
