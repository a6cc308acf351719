"""Routes IPv4 behind up to two VLAN tags: a table of hosts, else a trie of prefixes; then the link addresses, and out."""

from ctypes import c_uint8, c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import DevMap, HashMap, LpmTrie, PerCpuArray
from pbpf.net import ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_vlan_hdr

LICENSE = "GPL"


@bpf
@struct
class Prefix:
    bits: c_uint32
    address: c_uint32


@bpf
@struct
class Hop:
    dest: c_uint8 * 6
    source: c_uint8 * 6
    device: c_uint32


@bpf
@map
def hosts():
    return HashMap(key=c_uint32, value=Hop, max_entries=1024)


@bpf
@map
def routes():
    return LpmTrie(key=Prefix, value=c_uint32, max_entries=1024)


@bpf
@map
def gateways():
    return HashMap(key=c_uint32, value=Hop, max_entries=1024)


@bpf
@map
def devices():
    return DevMap(max_entries=64)


@bpf
@map
def packets():
    return PerCpuArray(key=c_uint32, value=c_uint64, max_entries=256)


@bpf
@section("xdp", short_packet=XDP_DROP)
def prog(ctx):
    eth = struct_ethhdr(ctx.data)
    kind = eth.h_proto
    at = 14
    for _ in range(2):
        if kind == htons(ETH_P_8021Q) or kind == htons(ETH_P_8021AD):
            kind = struct_vlan_hdr(ctx.data + at).h_vlan_encapsulated_proto
            at += 4
    if kind != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(ctx.data + at)
    if ip + 1 > ctx.data_end:
        return XDP_DROP
    packets[ip.protocol] += 1
    hop = hosts.lookup(ip.daddr)
    if hop is None:
        gateway = routes.lookup(Prefix(bits=32, address=ip.daddr))
        if gateway is None:
            return XDP_PASS
        hop = gateways.lookup(gateway)
        if hop is None:
            return XDP_PASS
    eth.h_dest = hop.dest
    eth.h_source = hop.source
    return devices.redirect(hop.device, 0)
