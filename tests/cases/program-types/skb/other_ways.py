"""The other two ways of a device, one by a link and one by a filter; and programs that only load here."""
#: needs: kernel>=6.6
#: verify
#: bpftool: no "that of Debian 12 knows no such sections"
#: attach: veth
#: workload: ping 10.77.0.1 4 >= 2
#: global: came >= 2
#: global: went >= 2
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section

LICENSE = "GPL"


@bpf
@bpfglobal
def came() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def went() -> c_uint64:
    return c_uint64(0)


@bpf
@section("tcx/ingress")
def comes(skb):
    global came
    came += 1
    return -1


@bpf
@section("tc/egress")
def goes(skb):
    global went
    went += 1
    return 0
