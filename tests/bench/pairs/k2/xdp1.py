"""Counts packets by the protocol in their IP header, behind up to two VLAN tags, and drops them."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.maps import PerCpuArray
from pbpf.net import ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, htons
from vmlinux import XDP_DROP, struct_ethhdr, struct_iphdr, struct_ipv6hdr, struct_vlan_hdr

LICENSE = "GPL"


@bpf
@map
def protocols():
    return PerCpuArray(key=c_uint32, value=c_uint64, max_entries=256)


@bpf
@section("xdp", short_packet=XDP_DROP)
def prog(ctx):
    kind = struct_ethhdr(ctx.data).h_proto
    at = 14
    for _ in range(2):
        if kind == htons(ETH_P_8021Q) or kind == htons(ETH_P_8021AD):
            kind = struct_vlan_hdr(ctx.data + at).h_vlan_encapsulated_proto
            at += 4
    protocol = 0
    if kind == htons(ETH_P_IP):
        protocol = struct_iphdr(ctx.data + at).protocol
    elif kind == htons(ETH_P_IPV6):
        protocol = struct_ipv6hdr(ctx.data + at).nexthdr
    protocols[protocol] += 1
    return XDP_DROP
