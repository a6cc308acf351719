"""Classifies ports and sizes in functions with several results, called from several places."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap
from pbpf.net import ETH_P_IP, IPPROTO_UDP, htons, ntohs
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_udphdr


@bpf
@map
def classes():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=256)


@bpf
def service(port):
    if port == 53 or port == 853:
        return 1
    if port == 80 or port == 443 or port == 8080:
        return 2
    if port < 1024:
        return 3
    return 4


@bpf
def size_class(n):
    if n < 64:
        return 0
    if n < 512:
        return 1
    if n < 1500:
        return 2
    return 3


@bpf
def mix(a, b):
    h = a * 31 + b
    return (h ^ h >> 3) & 0xFF


@bpf
@section("xdp")
def prog(ctx):
    data = ctx.data
    if data + 42 > ctx.data_end:
        return XDP_PASS
    eth = struct_ethhdr(data)
    ip = struct_iphdr(data + 14)
    if eth.h_proto != htons(ETH_P_IP) or ip.protocol != IPPROTO_UDP:
        return XDP_PASS
    udp = struct_udphdr(data + 34)
    here = mix(service(ntohs(udp.source)), size_class(ntohs(ip.tot_len)))
    there = mix(service(ntohs(udp.dest)), size_class(ntohs(udp.len)))
    classes[mix(here, there)] += 1
    return XDP_DROP if here > there else XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
