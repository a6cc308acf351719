"""Links of traffic control see what comes in and what goes out."""

#: verify
#: bpftool: no "that of Debian 12 does not know the sections"
#: vm: 6.12 7.3
#: attach: lo
#: workload: udp-echo 127.0.0.1:7782 3 == 3
#: global: came >= 3
#: global: went >= 3
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def came() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def went() -> c_uint64:
    return c_uint64(0)


@bpf
@section("tc/ingress")
def comes(skb):
    global came
    came += 1
    return -1


@bpf
@section("tcx/egress")
def goes(skb):
    global went
    # Packets of other users of the device have no socket, or one of another family.
    if skb.sk is not None and skb.sk.family == 2:
        went += 1
    return -1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
