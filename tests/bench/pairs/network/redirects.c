#include "pair.h"

MAP(sockets, XSKMAP, 64, __u32, __u32);
MAP(devices, DEVMAP, 64, __u32, __u32);

SEC("xdp")
int to_socket(struct xdp_md *ctx)
{
	return bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS);
}

SEC("xdp")
int to_device(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	if ((void *)(eth + 1) > END(ctx))
		return XDP_PASS;
	return bpf_redirect_map(&devices, eth->h_dest[5], XDP_DROP);
}
