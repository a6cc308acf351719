"""Kernel memory is not written, and what each CPU has of its own is not read as one."""
#: check
from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task_btf, bpf_per_cpu_ptr


@bpf
@section("tp_btf/sys_exit")
def g(ctx):
    v = bpf_get_current_task_btf()
    v.pid = 5  # error:5: [read-only]
    v.tasks.next.prev = 0  # error:5: [read-only]
    rq = bpf_per_cpu_ptr(v, 0)  # error:26: [wrong-argument-type] "a variable of which each CPU has its own"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
