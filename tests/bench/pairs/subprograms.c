#include "pair.h"

MAP(classes, HASH, 256, __u32, __u64);

static int service(int port)
{
	if (port == 53 || port == 853)
		return 1;
	if (port == 80 || port == 443 || port == 8080)
		return 2;
	if (port < 1024)
		return 3;
	return 4;
}

static int size_class(int n)
{
	if (n < 64)
		return 0;
	if (n < 512)
		return 1;
	if (n < 1500)
		return 2;
	return 3;
}

static int mix(int a, int b)
{
	int h = a * 31 + b;
	return (h ^ h >> 3) & 0xFF;
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx);
	if (data + 42 > END(ctx))
		return XDP_PASS;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + 14;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	struct udphdr *udp = data + 34;
	int here = mix(service(bpf_ntohs(udp->source)), size_class(bpf_ntohs(ip->tot_len)));
	int there = mix(service(bpf_ntohs(udp->dest)), size_class(bpf_ntohs(udp->len)));
	__u32 key = mix(here, there);
	count(&classes, &key);
	return here > there ? XDP_DROP : XDP_PASS;
}
