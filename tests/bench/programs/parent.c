// A chain of pointers and an array by CO-RE in C: the same program as parent.py.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe/do_unlinkat")
int unlinked(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	char comm[16];

	BPF_CORE_READ_STR_INTO(&comm, task, comm);
	bpf_printk("%s, child of %d", comm, BPF_CORE_READ(task, real_parent, tgid));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
