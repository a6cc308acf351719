"""Rewrites the destination of IPv4 packets from a table, mends the checksum, and swaps the link addresses."""

from ctypes import c_uint32

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_PASS, XDP_TX, struct_ethhdr, struct_iphdr


@bpf
@map
def targets():
    return HashMap(key=c_uint32, value=c_uint32, max_entries=64)


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
    old = ip.daddr
    target = targets.lookup(old)
    if target is None:
        return XDP_PASS
    new: c_uint32 = target
    total = (ip.check ^ 0xFFFF) + (old >> 16 ^ 0xFFFF) + (old & 0xFFFF ^ 0xFFFF) + (new >> 16) + (new & 0xFFFF)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    ip.check = total ^ 0xFFFF
    ip.daddr = new
    for i in range(6):
        t = eth.h_dest[i]
        eth.h_dest[i] = eth.h_source[i]
        eth.h_source[i] = t
    return XDP_TX


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
