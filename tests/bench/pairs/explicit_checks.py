"""Counts IPv4 packets by protocol; the lengths are tested by hand."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap
from pbpf.net import ETH_P_IP, IPPROTO_UDP, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr


@bpf
@map
def protocols():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=256)


@bpf
@section("xdp")
def prog(ctx):
    data = ctx.data
    if data + 34 > ctx.data_end:
        return XDP_PASS
    eth = struct_ethhdr(data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(data + 14)
    protocols[ip.protocol] += 1
    if ip.protocol == IPPROTO_UDP:
        return XDP_DROP
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
