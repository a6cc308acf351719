"""Fields that the kernel does not have; the nearest is named."""

from vmlinux import struct_task_struct

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def main(ctx):
    task = struct_task_struct(bpf_get_current_task())
    a = ctx.idd  # error:9: [unknown-field] "id"
    b = task.real_parnt  # error:9: [unknown-field] "real_parent"
    c = task.real_parent.tgit  # error:9: [unknown-field] "tgid"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
