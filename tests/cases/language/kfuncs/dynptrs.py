"""A packet as a dynptr: read by slices and copies, whatever its length."""

#: verify
#: vm: 6.12 7.3
#: run: port(packet=eth/ip/udp(dport=53)/"x") == 2
#: run: port(packet=eth/ip/udp(dport=54)/"x") == 1
#: run: port(packet=eth/ip cut 30) == 0
#: run: sums(packet=eth(type=0x0102)/count(46)) == 3
from ctypes import c_uint8, c_uint16, c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_dynptr_read, ntohs
from pbpf.kfuncs import bpf_dynptr_from_skb, bpf_dynptr_from_xdp, bpf_dynptr_size, bpf_dynptr_slice
from vmlinux import struct_udphdr


@bpf
@section("xdp")
def port(ctx):
    packet = (c_uint64 * 2)()
    room = (c_uint8 * 8)()
    if bpf_dynptr_from_xdp(0, packet) != 0:
        return 0
    if bpf_dynptr_size(packet) < 42:
        return 0
    udp = bpf_dynptr_slice(packet, 34, room)
    if udp is None:
        return 0
    return 2 if ntohs(struct_udphdr(udp).dest) == 53 else 1


@bpf
@section("tc")
def sums(skb):
    packet = (c_uint64 * 2)()
    pair = (c_uint8 * 2)()
    if bpf_dynptr_from_skb(skb, 0, packet) != 0:
        return 0
    if bpf_dynptr_read(pair, 2, packet, 12, 0) != 0:
        return 0
    return pair[0] + pair[1]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
