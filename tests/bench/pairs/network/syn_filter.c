#include "pair.h"

#define SECOND 1000000000ULL

enum { MALFORMED, NO_SEGMENT_SIZE, TOO_MANY };

struct requests {
	__u64 since;
	__u32 count;
};

MAP(sources, LRU_HASH, 4096, __be32, struct requests);
MAP(dropped, ARRAY, 3, __u32, __u64);

const volatile __u32 threshold = 64;

static __always_inline int drop(__u32 why)
{
	__u64 *count = bpf_map_lookup_elem(&dropped, &why);
	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_DROP;
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = END(ctx);
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl < 5 || ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x1fff))
		return XDP_PASS;
	__u8 *start = (void *)ip + ip->ihl * 4;
	struct tcphdr *tcp = (void *)start;
	if ((void *)tcp + 14 > end)
		return XDP_PASS;
	if (!tcp->syn || tcp->ack)
		return XDP_PASS;
	if (tcp->doff < 5)
		return drop(MALFORMED);
	__u32 length = tcp->doff * 4, at = 20, segment = 0;
	if ((void *)start + length > end)
		return drop(MALFORMED);
	for (int i = 0; i < 40; i++) {
		if (at >= length)
			break;
		__u8 *option = start + at;
		/* Otherwise clang drops the comparison, which follows from the one above, but not for the verifier. */
		asm volatile("" : "+r"(option));
		if ((void *)(option + 1) > end)
			return XDP_PASS;
		__u32 kind = option[0];
		if (kind == 0)
			break;
		if (kind == 1) {
			at++;
			continue;
		}
		if (at + 2 > length)
			return drop(MALFORMED);
		if ((void *)(option + 2) > end)
			return XDP_PASS;
		__u32 size = option[1];
		if (size < 2 || at + size > length)
			return drop(MALFORMED);
		if (kind == 2 && size == 4) {
			if ((void *)(option + 4) > end)
				return XDP_PASS;
			segment = option[2] << 8 | option[3];
		}
		at += size;
	}
	if (segment == 0)
		return drop(NO_SEGMENT_SIZE);
	__u64 now = bpf_ktime_get_ns();
	__be32 source = ip->saddr;
	struct requests *requests = bpf_map_lookup_elem(&sources, &source);
	if (!requests || now - requests->since >= SECOND) {
		struct requests new = { .since = now, .count = 1 };
		bpf_map_update_elem(&sources, &source, &new, BPF_ANY);
		return XDP_PASS;
	}
	requests->count += 1;
	return requests->count > threshold ? drop(TOO_MANY) : XDP_PASS;
}
