"""Answers ICMP echo requests from the driver: swaps the addresses, mends the checksums, sends the packet back."""
#: verify
#: run: respond(packet=eth/ip/icmp/"hello") == XDP_TX -> packet eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip(src=10.0.0.2, dst=10.0.0.1)/icmp(type=0)/"hello"
#: run: respond(packet=eth/ip(ttl=3, tos=4)/icmp/ones(64)) == XDP_TX -> packet eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip(src=10.0.0.2, dst=10.0.0.1, tos=4)/icmp(type=0)/ones(64)
#: run: respond(packet=eth/ip/icmp(type=0)) == XDP_PASS -> packet eth/ip/icmp(type=0)
#: run: respond(packet=eth/ip/icmp(code=1)) == XDP_PASS -> run respond(packet=eth/ip(options=4)/icmp) == XDP_PASS -> run respond(packet=eth/ip/udp) == XDP_PASS
#: run: respond(packet=eth/vlan/ip/icmp) == XDP_PASS -> run respond(packet=eth/ip6/icmp) == XDP_PASS
#: run: respond(packet=eth(dst=ff:ff:ff:ff:ff:ff)/ip/icmp) == XDP_DROP
#: run: respond(packet=eth/ip/icmp cut N) for N in 0..42 == XDP_PASS
#: run: respond(packet=eth/ip/icmp cut 37) == XDP_PASS -> packet eth/ip/icmp cut 37
#: map: answered[0] == 2
#: needs: file:/usr/sbin/ip
#: attach: veth generic
#: workload: ping 10.77.0.1 3 == 3
#: map: answered[0] == 5
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.maps import ArrayMap
from pbpf.net import ETH_P_IP, htons, ntohs
from vmlinux import XDP_DROP, XDP_PASS, XDP_TX, struct_ethhdr, struct_icmphdr, struct_iphdr

LICENSE = "GPL"

ICMP = 1
ECHO_REQUEST, ECHO_REPLY = 8, 0
TTL = 64


@bpf
@map
def answered():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=1)


@bpf
def replaced(check, old, new):
    """The checksum after a 16-bit word became another (RFC 1624, equation 3)."""
    total = (~check & 0xFFFF) + (~old & 0xFFFF) + new
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@bpf
@section("xdp")
def respond(ctx):
    eth = struct_ethhdr(ctx.data)
    ip = struct_iphdr(eth + 1)
    icmp = struct_icmphdr(ip + 1)
    # All at once: an inserted check further down would leave a short packet half rewritten.
    if icmp + 1 > ctx.data_end:
        return XDP_PASS
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    # Options may ask for a route, and fragments are no whole requests: the stack answers these.
    if ip.version != 4 or ip.ihl != 5 or ip.protocol != ICMP or ntohs(ip.frag_off) & 0x3FFF:
        return XDP_PASS
    if icmp.type != ECHO_REQUEST or icmp.code != 0:
        return XDP_PASS
    if eth.h_dest[0] & 1:
        return XDP_DROP
    eth.h_dest, eth.h_source = eth.h_source, eth.h_dest
    ip.saddr, ip.daddr = ip.daddr, ip.saddr
    # The TTL is the high byte of its word, the protocol the low one.
    ip.check = htons(replaced(ntohs(ip.check), ip.ttl << 8 | ICMP, TTL << 8 | ICMP))
    ip.ttl = TTL
    icmp.checksum = htons(replaced(ntohs(icmp.checksum), ECHO_REQUEST << 8, ECHO_REPLY << 8))
    icmp.type = ECHO_REPLY
    answered[0] += 1
    return XDP_TX
