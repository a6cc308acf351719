#include "../pair.h"

#define INSIDE 1

struct flow {
	__be32 inner, outer;
	__be16 inner_port, outer_port;
	__u32 protocol;
};

MAP(flows, HASH, 1024, struct flow, __u8);
MAP(devices, DEVMAP, 8, __u32, __u32);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *ports = (void *)(ip + 1);
	if ((void *)(ports + 1) > END(ctx))
		return XDP_DROP;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP))
		return XDP_DROP;
	if (ctx->ingress_ifindex == INSIDE) {
		struct flow flow = { ip->saddr, ip->daddr, ports->source, ports->dest, ip->protocol };
		__u8 one = 1;
		bpf_map_update_elem(&flows, &flow, &one, BPF_ANY);
		return bpf_redirect_map(&devices, 1, 0);
	}
	struct flow flow = { ip->daddr, ip->saddr, ports->dest, ports->source, ip->protocol };
	if (bpf_map_lookup_elem(&flows, &flow))
		return bpf_redirect_map(&devices, 0, 0);
	return XDP_DROP;
}
