"""Counts packets by protocol, and name look-ups on their own."""

from ctypes import c_uint32, c_uint64

from vmlinux import XDP_PASS, struct_ethhdr, struct_iphdr, struct_udphdr

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap
from pbpf.net import ETH_P_IP, IPPROTO_UDP, PORT_DNS, htons


@bpf
@map
def packets() -> ArrayMap:
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=256)


@bpf
@bpfglobal
def lookups() -> c_uint64:
    return c_uint64(0)


@bpf
@section("xdp")
def count_packets(ctx):
    global lookups
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    packets[ip.protocol] += 1
    if ip.protocol == IPPROTO_UDP and ip.ihl == 5:
        udp = struct_udphdr(ip + 1)
        if udp.dest == htons(PORT_DNS):
            lookups += 1
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
