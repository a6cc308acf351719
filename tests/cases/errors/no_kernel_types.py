"""Kernel types from a file that is not there: the environment's fault, so status 3."""
#: flags: --btf no/such.btf
#: exit: 3

from vmlinux import struct_task_struct

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task


@bpf
@section("raw_tp/sys_enter")
def main(ctx):
    task = struct_task_struct(bpf_get_current_task())  # error:12: [no-kernel-types] "no/such.btf"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
