#include "../pair.h"

#define PROCESSORS 64

struct counts {
	__u64 processed, dropped, issue;
};

MAP(enqueued, PERCPU_ARRAY, 64, __u32, struct counts);

SEC("raw_tp/xdp_cpumap_enqueue")
int prog(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 processed = ctx->args[1], to = ctx->args[3];
	if (to >= PROCESSORS)
		return 1;
	struct counts *counts = bpf_map_lookup_elem(&enqueued, &to);
	if (!counts)
		return 0;
	counts->processed += processed;
	counts->dropped += (__u32)ctx->args[2];
	if (processed > 0)
		counts->issue += 1;
	return 0;
}
