"""Counts packets while a flag in a map is set."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.maps import ArrayMap, PerCpuArray
from vmlinux import XDP_PASS

LICENSE = "GPL"


@bpf
@map
def enabled():
    return ArrayMap(key=c_uint32, value=c_uint32, max_entries=2)


@bpf
@map
def packets():
    return PerCpuArray(key=c_uint32, value=c_uint64, max_entries=512)


@bpf
@section("xdp")
def prog(ctx):
    if enabled[0] == 0:
        return XDP_PASS
    packets[0] += 1
    return XDP_PASS
