"""Maps that send packets on, and programs that go on in others."""
#: run: first(packet=zeros(64)) == XDP_TX
#: run: into_nothing(packet=zeros(64)) == XDP_DROP
#: run: devices(packet=zeros(64)) == XDP_DROP
#: run: hashed(packet=zeros(64)) == XDP_PASS
#: run: processors(packet=zeros(64)) == XDP_ABORTED
#: run: sockets(packet=zeros(64)) == XDP_PASS
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import CpuMap, DevMap, DevMapHash, ProgArray, XskMap
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX


@bpf
@map
def steps():
    return ProgArray(max_entries=4, values=[None, last, middle])


@bpf
@map
def devs():
    return DevMap(max_entries=4)


@bpf
@map
def hashed_devs():
    return DevMapHash(value=c_uint64, max_entries=4)


@bpf
@map
def cpus():
    return CpuMap(max_entries=2)


@bpf
@map
def xsks():
    return XskMap(max_entries=4)


@bpf
@section("xdp")
def first(ctx):
    steps.tail_call(2)
    return XDP_ABORTED


@bpf
@section("xdp")
def middle(ctx):
    steps.tail_call(1)
    return XDP_ABORTED


@bpf
@section("xdp")
def last(ctx):
    return XDP_TX


@bpf
@section("xdp")
def into_nothing(ctx):
    steps.tail_call(0)
    steps.tail_call(100)
    return XDP_DROP


@bpf
@section("xdp")
def devices(ctx):
    if 1 in devs:
        return XDP_ABORTED
    return devs.redirect(1, XDP_DROP)


@bpf
@section("xdp")
def hashed(ctx):
    if hashed_devs.lookup(7) is not None:
        return XDP_ABORTED
    return hashed_devs.redirect(7, flags=XDP_PASS)


@bpf
@section("xdp")
def processors(ctx):
    return cpus.redirect(0)


@bpf
@section("xdp")
def sockets(ctx):
    if ctx.rx_queue_index in xsks:
        return XDP_ABORTED
    return xsks.redirect(ctx.rx_queue_index, XDP_PASS)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
