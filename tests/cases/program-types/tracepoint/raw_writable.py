"""A raw tracepoint, and one whose record may be written."""

#: verify
#: vm: 6.1 6.12 7.3
#: attach
#: workload: exec 3
#: global: entered >= 2
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import comm


@bpf
@bpfglobal
def entered() -> c_uint64:
    return c_uint64(0)


@bpf
@section("raw_tp/sys_enter")
def enters(ctx):
    global entered
    who = str(16)
    comm(who)
    # 59 is execve on x86-64.
    if who == "pbpf-work" and ctx.args[1] == 59:
        entered += 1
    return 0


@bpf
@section("raw_tp.w/bpf_test_finish")
def finishes(ctx):
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
