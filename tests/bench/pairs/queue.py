"""Puts the length of each packet into a queue and takes the oldest out again when there are four."""

from ctypes import c_uint32

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap, Queue
from vmlinux import XDP_DROP, XDP_PASS


@bpf
@map
def waiting():
    return Queue(value=c_uint32, max_entries=64)


@bpf
@map
def counts():
    return ArrayMap(key=c_uint32, value=c_uint32, max_entries=2)


@bpf
@section("xdp")
def prog(ctx):
    n: c_uint32 = ctx.data_end - ctx.data
    waiting.push(n)
    count = counts.lookup(0)
    if count is None:
        return XDP_PASS
    count += 1
    if count >= 4:
        old: c_uint32 = 0
        if waiting.pop(old) == 0:
            counts[1] = old
        return XDP_DROP
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
