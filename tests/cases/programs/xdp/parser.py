"""Headers up to the transport layer: two VLAN tags, IPv4 options, IPv6 extension headers; packets and bytes per protocol."""
#: verify
#: run: parse(packet=eth/ip/udp/"x") == XDP_PASS -> map kinds[{0x800:2, 17:1, 0:1}].packets == 1
#: map: kinds[{0x800:2, 17:1, 0:1}].octets == 43
#: run: parse(packet=eth/vlan(id=5)/vlan(id=6)/ip(options=40)/tcp) == XDP_PASS -> map kinds[{0x800:2, 6:1, 2:1}].packets == 1
#: run: parse(packet=eth(type=0x88a8)/vlan(id=5)/ip6/tcp) == XDP_PASS -> map kinds[{0x86dd:2, 6:1, 1:1}].packets == 1
#: run: parse(packet=eth/vlan/vlan/vlan/ip/tcp) == XDP_PASS -> map kinds[{0x8100:2, 0:1, 2:1}].packets == 1
#: run: parse(packet=eth(type=0x806)/zeros(28)) == XDP_PASS -> map kinds[{0x806:2, 0:1, 0:1}].packets == 1
#: run: parse(packet=eth/ip6(next=0)/hex(3c00000000000000)/hex(0601000000000000 0000000000000000)/tcp) == XDP_PASS -> map kinds[{0x86dd:2, 6:1, 0:1}].packets == 1
#: run: parse(packet=eth/ip6(next=51)/hex(1101000000000001 00000001)/udp) == XDP_PASS -> map kinds[{0x86dd:2, 17:1, 0:1}].packets == 1
#: run: parse(packet=eth/ip6(next=44)/hex(1100000100000001)/udp) == XDP_PASS -> map kinds[{0x86dd:2, 17:1, 0:1}].packets == 2
#: run: parse(packet=eth/ip6(next=44)/hex(1100000900000001)/"xy") == XDP_PASS -> map kinds[{0x86dd:2, 17:1, 0:1}].packets == 3
#: run: parse(packet=eth/ip6(next=44)/hex(1100000100000001)/"xy") == XDP_DROP
#: run: parse(packet=eth/ip6(next=0)/hex(0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 3b00000000000000)) == XDP_PASS -> map kinds[{0x86dd:2, 59:1, 0:1}].packets == 1
#: run: parse(packet=eth/ip6(next=0)/hex(0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 3b00000000000000)) == XDP_DROP
#: run: parse(packet=eth/ip6(next=60)/hex(3bff000000000000)/zeros(500)) == XDP_DROP
#: run: parse(packet=eth/vlan/ip/udp cut N) for N in 0..44 == XDP_DROP
#: run: parse(packet=eth/vlan/ip/udp cut N) for N in 44..60 == XDP_PASS -> map kinds[{0x800:2, 17:1, 1:1}].packets == 16
#: run: parse(packet=eth(type=0x800)/hex(44)/zeros(60)) == XDP_DROP -> run parse(packet=eth(type=0x800)/hex(65)/zeros(60)) == XDP_DROP
#: run: parse(packet=eth(type=0x86dd)/hex(45)/zeros(60)) == XDP_DROP
#: run: parse(packet=eth/ip(proto=6)/zeros(20)) == XDP_DROP -> run parse(packet=eth/ip(proto=17)/zeros(8)) == XDP_DROP
#: run: parse(packet=eth(type=0x800)/hex(4500001400000001 40060000 0a000001 0a000002)) == XDP_PASS -> map kinds[{0x800:2, 6:1, 0:1}].packets == 1
#: needs: file:/usr/sbin/ip
#: attach: veth
#: workload: ping 10.77.0.1 3 == 3 -> map kinds[{0x800:2, 1:1, 0:1}].packets == 3
#: workload: frame eth/vlan(id=5)/vlan(id=6)/ip/udp(dport=53)/"x" -> map kinds[{0x800:2, 17:1, 2:1}].octets == 51
#: workload: frame eth/vlan/ip(proto=17)/zeros(8) -> map kinds[{0x800:2, 17:1, 1:1}].packets == 16
#: workload: frame eth/ip6(next=0)/hex(0601000000000000 0000000000000000)/tcp -> map kinds[{0x86dd:2, 6:1, 0:1}].packets == 2
#: workload: tcp 10.77.0.1:9 2 == 2 -> map kinds[{0x800:2, 6:1, 0:1}].packets == 3
#: vm: 6.1 6.12 7.3

from ctypes import c_uint8, c_uint16, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import PerCpuHash
from pbpf.net import (
    ETH_HLEN,
    ETH_P_8021AD,
    ETH_P_8021Q,
    ETH_P_IP,
    ETH_P_IPV6,
    IPPROTO_AH,
    IPPROTO_DSTOPTS,
    IPPROTO_FRAGMENT,
    IPPROTO_HOPOPTS,
    IPPROTO_ROUTING,
    IPPROTO_TCP,
    IPPROTO_UDP,
    VLAN_HLEN,
    ntohs,
)
from vmlinux import (
    XDP_DROP,
    XDP_PASS,
    struct_ethhdr,
    struct_frag_hdr,
    struct_iphdr,
    struct_ipv6_opt_hdr,
    struct_ipv6hdr,
    struct_tcphdr,
    struct_udphdr,
    struct_vlan_hdr,
)

LICENSE = "GPL"

MOST_TAGS = 2
MOST_EXTENSIONS = 6

EXTENSIONS = (IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH, IPPROTO_DSTOPTS)


@bpf
@struct
class Kind:
    ether_type: c_uint16
    protocol: c_uint8
    tags: c_uint8


@bpf
@struct
class Traffic:
    packets: c_uint64
    octets: c_uint64


@bpf
@map
def kinds():
    return PerCpuHash(key=Kind, value=Traffic, max_entries=1024)


@bpf
def count(kind, octets):
    traffic = kinds.setdefault(kind, Traffic())
    if traffic is not None:
        traffic.packets += 1
        traffic.octets += octets


@bpf
@section("xdp", short_packet=XDP_DROP)
def parse(ctx):
    kind = Kind(ether_type=ntohs(struct_ethhdr(ctx.data).h_proto))
    # A number, not a pointer: the verifier follows it through the loops.
    at = ETH_HLEN
    for _ in range(MOST_TAGS):
        if kind.ether_type not in (ETH_P_8021Q, ETH_P_8021AD):
            break
        tag = struct_vlan_hdr(ctx.data + at)
        kind.ether_type = ntohs(tag.h_vlan_encapsulated_proto)
        kind.tags += 1
        at += VLAN_HLEN
    octets = ctx.data_end - ctx.data
    first = True
    if kind.ether_type == ETH_P_IP:
        ip = struct_iphdr(ctx.data + at)
        if ip.version != 4 or ip.ihl < 5:
            return XDP_DROP
        kind.protocol = ip.protocol
        first = ntohs(ip.frag_off) & 0x1FFF == 0
        at += ip.ihl * 4
    elif kind.ether_type == ETH_P_IPV6:
        ip6 = struct_ipv6hdr(ctx.data + at)
        if ip6.version != 6:
            return XDP_DROP
        kind.protocol = ip6.nexthdr
        at += sizeof(struct_ipv6hdr)
        for _ in range(MOST_EXTENSIONS):
            if kind.protocol not in EXTENSIONS or not first:
                break
            extension = struct_ipv6_opt_hdr(ctx.data + at)
            if kind.protocol == IPPROTO_FRAGMENT:
                first = ntohs(struct_frag_hdr(ctx.data + at).frag_off) & 0xFFF8 == 0
                length = 8
            elif kind.protocol == IPPROTO_AH:
                length = (extension.hdrlen + 2) * 4
            else:
                length = (extension.hdrlen + 1) * 8
            kind.protocol = extension.nexthdr
            at += length
            if at > octets:
                return XDP_DROP
        else:
            if first and kind.protocol in EXTENSIONS:
                return XDP_DROP
    else:
        count(kind, octets)
        return XDP_PASS
    # Only the first fragment has the header of the transport layer.
    if first and kind.protocol == IPPROTO_TCP:
        if struct_tcphdr(ctx.data + at).doff < 5:
            return XDP_DROP
    elif first and kind.protocol == IPPROTO_UDP:
        if ntohs(struct_udphdr(ctx.data + at).len) < 8:
            return XDP_DROP
    count(kind, octets)
    return XDP_PASS
