"""Prints who unlinks a file, and that process's parent, read from the kernel's own structs."""

from vmlinux import struct_task_struct

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task


@bpf
@section("kprobe/vfs_unlink")
def unlink_parent(ctx):
    task = struct_task_struct(bpf_get_current_task())
    print(f"unlink by {task.comm}, parent {task.real_parent.tgid}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
