"""Steps over up to three VLAN tags, and counts by the protocol behind them."""

from ctypes import c_uint16, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap
from pbpf.net import ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_vlan_hdr


@bpf
@map
def counts():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=8)


@bpf
@section("xdp")
def prog(ctx):
    eth = struct_ethhdr(ctx.data)
    proto = eth.h_proto
    offset = 14
    tags = 0
    for i in range(3):
        if proto != htons(ETH_P_8021Q):
            break
        tag = struct_vlan_hdr(ctx.data + offset)
        proto = tag.h_vlan_encapsulated_proto
        offset += 4
        tags += 1
    if proto == htons(ETH_P_IPV6):
        tags += 4
    elif proto != htons(ETH_P_IP):
        return XDP_DROP
    counts[tags] += 1
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
