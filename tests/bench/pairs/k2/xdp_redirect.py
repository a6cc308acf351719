"""Counts packets, swaps their link addresses, and sends them out of the device that a map names."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.helper import bpf_redirect
from pbpf.maps import ArrayMap, PerCpuArray
from vmlinux import XDP_DROP, struct_ethhdr

LICENSE = "GPL"


@bpf
@map
def device():
    return ArrayMap(key=c_uint32, value=c_uint32, max_entries=1)


@bpf
@map
def packets():
    return PerCpuArray(key=c_uint32, value=c_uint64, max_entries=1)


@bpf
@section("xdp", short_packet=XDP_DROP)
def prog(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth + 1 > ctx.data_end:
        return XDP_DROP
    to = device[0]
    packets[0] += 1
    eth.h_dest, eth.h_source = eth.h_source, eth.h_dest
    return bpf_redirect(to, 0)
