#include "pair.h"

MAP(calls, PERCPU_HASH, 512, __u32, __u64);

SEC("raw_tp/sys_enter")
int prog(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 number = ctx->args[1];
	__u64 *count = bpf_map_lookup_elem(&calls, &number);
	if (!count) {
		__u64 one = 1;
		bpf_map_update_elem(&calls, &number, &one, BPF_ANY);
	} else {
		*count += 1;
	}
	return 0;
}
