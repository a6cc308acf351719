#include "../pair.h"

struct counts {
	__u64 processed, dropped, issue;
};

MAP(exceptions, PERCPU_ARRAY, 6, __u32, struct counts);

SEC("raw_tp/xdp_exception")
int prog(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 key = ctx->args[2];
	if (key > XDP_REDIRECT)
		key = XDP_REDIRECT + 1;
	struct counts *counts = bpf_map_lookup_elem(&exceptions, &key);
	if (counts)
		counts->dropped += 1;
	return 0;
}
