#include "../pair.h"

MAP(enabled, ARRAY, 2, __u32, __u32);
MAP(packets, PERCPU_ARRAY, 512, __u32, __u64);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u32 *flag = bpf_map_lookup_elem(&enabled, &key);
	if (!flag || *flag == 0)
		return XDP_PASS;
	__u64 *count = bpf_map_lookup_elem(&packets, &key);
	if (count)
		*count += 1;
	return XDP_PASS;
}
