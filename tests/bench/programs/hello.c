// Hello world in C: the same program as hello.py and hello_pythonbpf.py.
// -DWITHOUT_VMLINUX includes the system's linux/bpf.h instead of the whole kernel's types.
#ifdef WITHOUT_VMLINUX
#include <linux/bpf.h>
#else
#include "vmlinux.h"
#endif
#include <bpf/bpf_helpers.h>

SEC("tracepoint/syscalls/sys_enter_execve")
int hello(void *ctx)
{
	bpf_printk("Hello, World!");
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
