"""A type that the kernel does not have; the nearest is named."""

from vmlinux import struct_task_strukt

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def main(ctx):
    task = struct_task_strukt(bpf_get_current_task())  # error:12: [unknown-kernel-type] "task_struct"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
