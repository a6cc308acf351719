"""Kernel functions without a row."""

from pbpf import bpf, bpfglobal, section
from vmlinux import bpf_task_acquired, vfs_read


@bpf
@section("tp_btf/sys_enter")
def calls(regs, id):
    vfs_read(regs)  # error:5: [unknown-function] "a row of a plugin"
    bpf_task_acquired(regs)  # error:5: [unknown-function] "bpf_task_acquire"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
