"""A program whose section names no direction is a filter on what comes in."""

#: verify
#: attach: lo
#: workload: udp-echo 127.0.0.1:7783 3 == 3
#: global: came >= 3
#: detach
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def came() -> c_uint64:
    return c_uint64(0)


@bpf
@section("classifier")
def comes(skb):
    global came
    came += 1
    return -1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
