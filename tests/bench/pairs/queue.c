#include "pair.h"

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 64);
	__type(value, __u32);
} waiting SEC(".maps");

MAP(counts, ARRAY, 2, __u32, __u32);

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 n = END(ctx) - DATA(ctx), key = 0;
	bpf_map_push_elem(&waiting, &n, 0);
	__u32 *count = bpf_map_lookup_elem(&counts, &key);
	if (!count)
		return XDP_PASS;
	*count += 1;
	if (*count >= 4) {
		__u32 old = 0;
		if (bpf_map_pop_elem(&waiting, &old) == 0) {
			key = 1;
			bpf_map_update_elem(&counts, &key, &old, BPF_ANY);
		}
		return XDP_DROP;
	}
	return XDP_PASS;
}
