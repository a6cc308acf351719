"""Helpers that there are not, and arguments that do not fit."""

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_ktime_get_nss  # error:25: [unknown-helper] "bpf_ktime_get_ns"
from pbpf.helper import bpf_get_current_comm, bpf_get_prandom_u32, ktime


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def main(ctx):
    a = bpf_get_prandom_u32(1)  # error:9: [wrong-argument-count] "bpf_get_prandom_u32"
    b = ktime(2)  # error:9: [wrong-argument-count]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
