// Fields of a kernel struct by CO-RE in C: the same program as kernel_structs.py and kernel_structs_pythonbpf.py.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe/blk_mq_start_request")
int started(struct pt_regs *ctx)
{
	struct request *request = (void *)ctx->di;
	unsigned int length = BPF_CORE_READ(request, __data_len);
	unsigned int flags = BPF_CORE_READ(request, cmd_flags);

	bpf_printk("%u bytes, flags %u", length, flags);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
