"""Counts IPv4 packets by protocol and drops UDP; the compiler inserts the checks."""

from ctypes import c_uint32, c_uint64

from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap
from pbpf.net import ETH_P_IP, IPPROTO_UDP, htons


@bpf
@map
def protocols() -> ArrayMap:
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=256)


@bpf
@section("xdp")
def xdp_implicit(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    protocols[ip.protocol] += 1
    if ip.protocol == IPPROTO_UDP:
        return XDP_DROP
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
