#include "../pair.h"

struct counts {
	__u64 processed, dropped, info, issue;
};

MAP(sent, PERCPU_ARRAY, 1, __u32, struct counts);

SEC("raw_tp/xdp_devmap_xmit")
int prog(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 key = 0;
	struct counts *counts = bpf_map_lookup_elem(&sent, &key);
	if (!counts)
		return 0;
	int packets = ctx->args[2], drops = ctx->args[3];
	counts->processed += packets;
	counts->dropped += drops;
	counts->info += 1;
	if ((int)ctx->args[4])
		counts->issue += 1;
	if (drops < 0)
		counts->issue += 1;
	return 1;
}
