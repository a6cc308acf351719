"""Counts packets by whether they are IPv4, in a map that all processors share, and drops them."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.maps import ArrayMap
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_DROP, struct_ethhdr

LICENSE = "GPL"


@bpf
@map
def packets():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=2)


@bpf
@section("xdp", short_packet=XDP_DROP)
def prog(ctx):
    packets[struct_ethhdr(ctx.data).h_proto == htons(ETH_P_IP)] += 1
    return XDP_DROP
