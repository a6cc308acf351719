"""Packets are parsed, counted and marked at traffic control, on the way in and on the way out."""

#: verify
#: vm: 6.12 7.3
#: run: classify(packet=eth/ip(proto=17)/udp(dport=53)/"query") == 2
#: run: classify(packet=eth/ip/udp(dport=7)/"hello") == -1
#: run: classify(packet=eth/ip/udp cut 36) == -1
#: run: classify(packet=eth(type=0x806)/zeros(50)) == 0
#: map: marked[0] == 1
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap
from pbpf.helper import ntohs
from vmlinux import TC_ACT_OK, TC_ACT_SHOT, struct_ethhdr, struct_iphdr, struct_udphdr


@bpf
@map
def marked() -> ArrayMap:
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=1)


@bpf
@section("tc")
def classify(skb):
    eth = struct_ethhdr(skb.data)
    if ntohs(eth.h_proto) != 0x800:
        return TC_ACT_OK
    ip = struct_iphdr(eth + 1)
    udp = struct_udphdr(ip + 1)
    if ip.protocol == 17 and ntohs(udp.dest) == 53:
        return TC_ACT_SHOT
    marked[0] += 1
    skb.mark = 7
    skb.priority += 1
    skb.cb[0] = skb.len
    skb.cb[1] = skb.cb[0] + 1
    return -1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
