"""Decides on the protocol in one statement with many cases."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import PerCpuArray
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_DROP, XDP_PASS, XDP_TX, struct_ethhdr, struct_iphdr


@bpf
@map
def counts():
    return PerCpuArray(key=c_uint32, value=c_uint64, max_entries=8)


@bpf
@section("xdp")
def prog(ctx):
    eth = struct_ethhdr(ctx.data)
    ip = struct_iphdr(eth + 1)
    if ctx.data + 34 > ctx.data_end or eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    action = XDP_PASS
    kind = ip.protocol
    if kind == 1:
        slot = 1
    elif kind == 6 or kind == 132:
        slot = 2
    elif kind == 17 or kind == 136:
        slot = 3
        action = XDP_TX
    elif kind == 2 or kind == 103:
        slot = 4
    elif kind == 47 or kind == 4 or kind == 41:
        slot = 5
        action = XDP_DROP
    elif kind >= 253:
        slot = 6
        action = XDP_DROP
    else:
        slot = 0
    count = counts.lookup(slot)
    if count is not None:
        count += 1
    return action


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
