"""Byte order said as it should be: no warning, and constants with their bytes swapped that cost nothing."""

from ctypes import c_uint16, c_uint32

from pbpf import bpf, map, section
from pbpf.maps import HashMap
from pbpf.net import ETH_P_IP, htonl, htons, ntohl, ntohs
from vmlinux import XDP_DROP, XDP_PASS, XDP_TX, struct_ethhdr, struct_iphdr, struct_tcphdr

#: verify
#: run: literal(packet=eth/ip(dst=127.0.0.1)/tcp(sport=9, dport=80)) == XDP_DROP
#: run: named(packet=eth/ip(dst=127.0.0.1)/tcp(sport=9, dport=80)) == XDP_DROP
#: insns: named == 11
#: insns: literal == 11
#: run: named(packet=eth/ip(dst=127.0.0.1)/tcp(sport=9, dport=81)) == XDP_PASS
#: run: silent(packet=eth/ip(dst=127.0.0.1)/tcp(sport=9, dport=80)) == XDP_TX
#: run: silent(packet=eth/ip(dst=127.0.0.1)/tcp(sport=9, dport=80)) == XDP_TX -> packet eth/ip(dst=127.0.0.1)/tcp(sport=80, dport=9)
#: run: silent(packet=eth/ip(dst=127.0.0.2)/tcp(sport=9, dport=80)) == XDP_PASS
#: map: seen[0x5000] == 2
#: vm: 6.1 6.12 7.3

LICENSE = "GPL"

HTTP = htons(80)
WEB = (HTTP, htons(443))
LOOPBACK = htonl(0x7F000001)
ANY, ALL = 0, 0xFFFFFFFF


@bpf
@map
def seen():
    return HashMap(key=c_uint16, value=c_uint32, max_entries=16)


@bpf
@section("xdp")
def literal(ctx):
    tcp = struct_tcphdr(ctx.data + 34)
    return XDP_DROP if tcp.dest == 0x5000 else XDP_PASS  # warning:36: [byte-order]


@bpf
@section("xdp")
def named(ctx):
    tcp = struct_tcphdr(ctx.data + 34)
    return XDP_DROP if tcp.dest == HTTP else XDP_PASS


@bpf
def is_web(port):
    return port in WEB


@bpf
@section("xdp")
def silent(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP) or ntohs(eth.h_proto) != ETH_P_IP:
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    tcp = struct_tcphdr(ip + 1)
    # Bytes, and what reads the same in both orders.
    if ip.protocol != 6 or ip.saddr == ANY or ip.saddr == ALL or ip.frag_off & 0xFFFF == 0xFFFF:
        return XDP_PASS
    if ip.daddr != LOOPBACK or ntohl(ip.daddr) >> 24 != 127 or ip.daddr & 0xFF != 127:
        return XDP_PASS
    # Fields against fields; and the bytes as they lie, said so.
    if tcp.source == tcp.dest or not is_web(tcp.dest) or c_uint16(tcp.dest) != 0x5000:
        return XDP_PASS
    port = ntohs(tcp.dest)
    if port != 80:
        return XDP_PASS
    # A variable that holds both is no longer known.
    either = tcp.dest if ip.ttl == 0 else port
    if either != 80:
        return XDP_PASS
    seen[tcp.dest] += 1
    tcp.source, tcp.dest = tcp.dest, tcp.source
    if tcp.window == htons(1):
        tcp.window = htons(2)
        ip.tot_len = htons(ntohs(ip.tot_len) + 4)
    match ntohs(tcp.source):
        case 80:
            return XDP_TX
    return XDP_PASS
