#include "../pair.h"

MAP(device, ARRAY, 1, __u32, __u32);
MAP(packets, PERCPU_ARRAY, 1, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	if ((void *)(eth + 1) > END(ctx))
		return XDP_DROP;
	__u32 key = 0;
	__u32 *to = bpf_map_lookup_elem(&device, &key);
	if (!to)
		return XDP_PASS;
	__u64 *count = bpf_map_lookup_elem(&packets, &key);
	if (count)
		*count += 1;
	swap_addresses(eth);
	return bpf_redirect(*to, 0);
}
