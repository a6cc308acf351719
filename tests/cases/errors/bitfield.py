"""A bitfield of a kernel struct."""
#: check
from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task
from vmlinux import struct_task_struct


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    task = struct_task_struct(bpf_get_current_task())
    return task.sched_reset_on_fork  # error: [unsupported-bitfield]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
