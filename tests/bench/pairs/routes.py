"""Looks the destination up in a trie of prefixes, and counts by route."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, LpmTrie
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_DROP, XDP_PASS, XDP_TX, struct_ethhdr, struct_iphdr


@bpf
@struct
class Prefix:
    bits: c_uint32
    address: c_uint32


@bpf
@map
def routes():
    return LpmTrie(key=Prefix, value=c_uint32, max_entries=64)


@bpf
@map
def hits():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@section("xdp")
def prog(ctx):
    eth = struct_ethhdr(ctx.data)
    ip = struct_iphdr(eth + 1)
    if ctx.data + 34 > ctx.data_end:
        return XDP_PASS
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    route = routes.lookup(Prefix(bits=32, address=ip.daddr))
    if route is None:
        return XDP_DROP
    hits[route] += 1
    return XDP_TX


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
