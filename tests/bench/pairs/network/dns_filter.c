#include "pair.h"

#define LONGEST 63

struct header {
	__be16 id, flags, questions, answers, authorities, additional;
};

struct name {
	char text[64];
};

MAP(blocked, HASH, 1024, struct name, __u64);

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = END(ctx);
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	if (ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(0x1fff))
		return XDP_PASS;
	__u8 *at = (void *)ip + ip->ihl * 4;
	struct udphdr *udp = (void *)at;
	if ((void *)(udp + 1) > end)
		return XDP_DROP;
	if (udp->dest != bpf_htons(53))
		return XDP_PASS;
	struct header *dns = (void *)(udp + 1);
	if ((void *)(dns + 1) > end)
		return XDP_DROP;
	if (dns->flags & bpf_htons(0x8000) || dns->questions != bpf_htons(1))
		return XDP_DROP;
	at = (void *)(dns + 1);
	struct name name = {};
	__u32 left = 0;
	int i;
	for (i = 0; i <= LONGEST; i++) {
		__u8 *next = at + i;
		if ((void *)(next + 1) > end)
			return XDP_DROP;
		__u8 byte = *next;
		if (left == 0) {
			if (byte == 0)
				break;
			if (byte > 63)
				return XDP_DROP;
			left = byte;
			if (i > 0)
				name.text[i - 1] = '.';
		} else {
			left--;
			name.text[(i - 1) & 63] = byte >= 'A' && byte <= 'Z' ? byte | 32 : byte;
		}
	}
	if (i > LONGEST)
		return XDP_PASS;
	__u64 *count = bpf_map_lookup_elem(&blocked, &name);
	if (!count)
		return XDP_PASS;
	*count += 1;
	return XDP_DROP;
}
