"""At a socket whose address others may share: one program chooses, another filters what it gets."""
#: verify
#: vm: 6.1 6.12 7.3
#: attach: socket
#: workload: udp 127.0.0.1:7790 3 == 3
#: global: chosen == 3
#: global: kept == 2
#: global: octets == 18
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from vmlinux import SK_DROP, SK_PASS

LICENSE = "GPL"


@bpf
@bpfglobal
def chosen() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def kept() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def octets() -> c_uint64:
    return c_uint64(0)


# Of three datagrams the second goes.
@bpf
@section("sk_reuseport")
def choose(ctx):
    global chosen
    chosen += 1
    return SK_DROP if chosen == 2 else SK_PASS


@bpf
@section("socket")
def keep(skb):
    global kept, octets
    kept += 1
    octets += skb.len
    return -1
