"""Drops DNS questions for names that a map lists; the name is read label by label, in lower case and with dots."""
#: verify
#: put: blocked["ads.example.com"] = 0
#: put: blocked["x"] = 0
#: run: filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 03616473 076578616d706c65 03636f6d 00 0001 0001)) == XDP_DROP -> run filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 03414453 074578616d706c65 03636f4d 00 0001 0001)) == XDP_DROP
#: map: blocked["ads.example.com"] == 2
#: run: filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 076578616d706c65 03636f6d 00 0001 0001)) == XDP_PASS -> run filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 03616473 076578616d706c65 03636f6d 0178 00 0001 0001)) == XDP_PASS
#: run: filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 0178 00 0001 0001)) == XDP_DROP -> map blocked["x"] == 1
#: run: filter(packet=eth/ip/udp(dport=54)/hex(1234 0100 0001 0000 0000 0000 03616473 076578616d706c65 03636f6d 00 0001 0001)) == XDP_PASS
#: run: filter(packet=eth/ip/udp(dport=53)/hex(1234 8180 0001 0000 0000 0000 0161 0162 00 0001 0001)) == XDP_DROP -> run filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0002 0000 0000 0000 0161 0162 00 0001 0001)) == XDP_DROP
#: run: filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 00 0001 0001)) == XDP_PASS
#: run: filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 0161 c00c 0001 0001)) == XDP_DROP
#: run: filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 3f)/ones(63)/hex(01)/zeros(6)) == XDP_PASS
#: run: filter(packet=eth/ip/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 03616473 076578616d706c65 03636f6d 00 0001 0001) cut N) for N in 0..70 == XDP_DROP
#: run: filter(packet=eth/ip/tcp(dport=53)) == XDP_PASS -> run filter(packet=eth/ip6/udp(dport=53)) == XDP_PASS
#: needs: file:/usr/sbin/ip
#: attach: veth
#: workload: frame eth(dst=02:00:00:00:00:01)/ip(src=10.77.0.2, dst=10.77.0.1)/udp(dport=53)/hex(1234 0100 0001 0000 0000 0000 03616473 076578616d706c65 03636f6d 00 0001 0001)
#: map: blocked["ads.example.com"] == 3
#: workload: ping 10.77.0.1 3 == 3
#: vm: 6.12 7.3

from ctypes import c_uint16, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import HashMap
from pbpf.net import ETH_P_IP, IPPROTO_UDP, htons, ntohs
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_udphdr

LICENSE = "GPL"

DNS = 53
# A longer name is passed: the map cannot list it.
LONGEST = 63
RESPONSE = 0x8000


@bpf
@struct
class Header:
    id: c_uint16
    flags: c_uint16
    questions: c_uint16
    answers: c_uint16
    authorities: c_uint16
    additional: c_uint16


@bpf
@map
def blocked():
    """How often each name was asked for."""
    return HashMap(key=str(64), value=c_uint64, max_entries=1024)


@bpf
@section("xdp", short_packet=XDP_DROP)
def filter(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    if ip.protocol != IPPROTO_UDP or ntohs(ip.frag_off) & 0x1FFF:
        return XDP_PASS
    at = 14 + ip.ihl * 4
    udp = struct_udphdr(ctx.data + at)
    if udp.dest != htons(DNS):
        return XDP_PASS
    dns = Header(ctx.data + at + 8)
    if ntohs(dns.flags) & RESPONSE or dns.questions != htons(1):
        return XDP_DROP
    at += 8 + sizeof(Header)
    name = str(64)
    left = 0
    for i in range(LONGEST + 1):
        byte = ctx.data[at + i]
        if left == 0:
            if byte == 0:
                break
            # Two bits on top make a pointer to another name, which a question has no reason for.
            if byte > 63:
                return XDP_DROP
            left = byte
            if i > 0:
                name[i - 1] = 46
        else:
            left -= 1
            name[i - 1] = byte | 32 if 65 <= byte <= 90 else byte
    else:
        return XDP_PASS
    count = blocked.lookup(name)
    if count is None:
        return XDP_PASS
    count += 1
    return XDP_DROP
