#include "pair.h"

struct flow {
	__u32 source, target;
	__u16 source_port, target_port;
	__u8 protocol;
};

struct traffic {
	__u64 packets, octets;
};

MAP(flows, LRU_HASH, 1024, struct flow, struct traffic);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = END(ctx);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + 14;
	struct tcphdr *tcp = data + 34;
	if (data + 54 > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	struct flow flow = {};
	flow.source = ip->saddr;
	flow.target = ip->daddr;
	flow.source_port = tcp->source;
	flow.target_port = tcp->dest;
	flow.protocol = ip->protocol;
	struct traffic *traffic = bpf_map_lookup_elem(&flows, &flow);
	if (!traffic) {
		struct traffic first = { 1, end - data };
		bpf_map_update_elem(&flows, &flow, &first, BPF_ANY);
	} else {
		traffic->packets += 1;
		traffic->octets += end - data;
	}
	return XDP_PASS;
}
