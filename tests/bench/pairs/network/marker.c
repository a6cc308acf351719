#include "pair.h"

struct marking {
	__u32 mark, priority;
	__u64 packets;
};

MAP(classes, ARRAY, 64, __u32, struct marking);

SEC("tc")
int mark(struct __sk_buff *skb)
{
	struct ethhdr *eth = DATA(skb);
	__u32 dscp;
	if ((void *)(eth + 1) > END(skb))
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);
		if ((void *)(ip + 1) > END(skb))
			return 0;
		dscp = ip->tos >> 2;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = (void *)(eth + 1);
		if ((void *)(ip6 + 1) > END(skb))
			return 0;
		dscp = ip6->priority << 2 | ip6->flow_lbl[0] >> 6;
	} else {
		return 0;
	}
	struct marking *found = bpf_map_lookup_elem(&classes, &dscp);
	if (!found)
		return 0;
	found->packets += 1;
	if (found->mark) {
		skb->mark = found->mark;
		skb->priority = found->priority;
	}
	return 0;
}
