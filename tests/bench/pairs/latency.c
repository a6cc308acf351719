#include "pair.h"

MAP(starts, HASH, 256, __u64, __u64);
MAP(slots, ARRAY, 64, __u32, __u64);

SEC("raw_tp/sys_enter")
int prog(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 key = ctx->args[0], now = ctx->args[1];
	__u64 *start = bpf_map_lookup_elem(&starts, &key);
	if (!start) {
		bpf_map_update_elem(&starts, &key, &now, BPF_ANY);
		return 0;
	}
	__s64 delta = now - *start;
	bpf_map_delete_elem(&starts, &key);
	__u32 slot = 0;
	for (int i = 0; i < 63; i++) {
		if (delta < 2)
			break;
		delta >>= 1;
		slot += 1;
	}
	__u64 *count = bpf_map_lookup_elem(&slots, &slot);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
