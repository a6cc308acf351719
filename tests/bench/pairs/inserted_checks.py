"""Counts TCP and UDP packets by destination port; every length is tested by the compiler."""

from ctypes import c_uint16, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap
from pbpf.net import ETH_P_IP, IPPROTO_TCP, IPPROTO_UDP, htons, ntohs
from vmlinux import XDP_PASS, struct_ethhdr, struct_iphdr, struct_udphdr


@bpf
@map
def ports():
    return HashMap(key=c_uint16, value=c_uint64, max_entries=1024)


@bpf
@section("xdp")
def prog(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    if ip.protocol != IPPROTO_TCP and ip.protocol != IPPROTO_UDP:
        return XDP_PASS
    udp = struct_udphdr(ctx.data + 14 + ip.ihl * 4)
    ports[ntohs(udp.dest)] += 1
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
