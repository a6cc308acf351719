"""A network namespace's own lookup of sockets is counted and refused by port."""

#: verify
#: vm: 6.1 6.12 7.3
#: attach: netns
#: workload: udp-echo 127.0.0.1:7785 2 == 2
#: global: looked >= 2
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from vmlinux import SK_DROP, SK_PASS


@bpf
@bpfglobal
def looked() -> c_uint64:
    return c_uint64(0)


@bpf
@section("sk_lookup")
def lookup(ctx):
    global looked
    if ctx.protocol == 17 and ctx.local_port == 7785:
        looked += 1
    return SK_DROP if ctx.local_port == 9 else SK_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
