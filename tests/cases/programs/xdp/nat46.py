"""Translates UDP from IPv4 to IPv6 (RFC 7915): the header is made anew, the checksum of UDP is mended for the new addresses."""
#: verify
#: run: translate(packet=eth/ip/udp) == XDP_PASS
#: put: targets[hex(0a000002)] = hex(20010db8000000000000000000000001)
#: run: translate(packet=eth/ip/udp/"hello") == XDP_TX -> packet eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip6(src=64:ff9b::a00:1, dst=2001:db8::1, hop=63)/udp/"hello"
#: run: translate(packet=eth/ip(options=40)/udp(dport=53)/ones(500)) == XDP_TX -> packet eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip6(src=64:ff9b::a00:1, dst=2001:db8::1, hop=63)/udp(dport=53)/ones(500)
#: run: translate(packet=eth/ip(options=20)/udp/"even") == XDP_TX -> packet eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip6(src=64:ff9b::a00:1, dst=2001:db8::1, hop=63)/udp/"even"
#: run: translate(packet=eth/ip/tcp) == XDP_PASS -> run translate(packet=eth/ip6/udp) == XDP_PASS -> run translate(packet=eth/ip(ttl=1)/udp) == XDP_PASS -> run translate(packet=eth/ip(dst=10.0.0.3)/udp) == XDP_PASS
#: run: translate(packet=eth/ip(proto=17)/hex(0001000200080000)) == XDP_DROP
#: run: translate(packet=eth(type=0x800)/hex(4500001c00002000 40110000 0a000001 0a000002)/udp) == XDP_DROP
#: run: translate(packet=eth/ip/udp cut N) for N in 0..42 == XDP_PASS
#: needs: file:/usr/sbin/ip
#: attach: veth generic
#: workload: frame eth/ip/udp/"hello" answered eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip6(src=64:ff9b::a00:1, dst=2001:db8::1, hop=63)/udp/"hello" == 1
#: workload: frame eth/ip(options=40)/udp(dport=53)/ones(500) answered eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip6(src=64:ff9b::a00:1, dst=2001:db8::1, hop=63)/udp(dport=53)/ones(500) == 1
#: workload: ping 10.77.0.1 3 == 3
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32

from pbpf import bpf, map, section, struct
from pbpf.helper import bpf_csum_diff, bpf_xdp_adjust_head
from pbpf.maps import HashMap
from pbpf.net import ETH_P_IP, ETH_P_IPV6, IPPROTO_UDP, htonl, htons, ntohs
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, struct_ethhdr, struct_iphdr, struct_ipv6hdr, struct_udphdr

LICENSE = "GPL"


@bpf
@struct
class Addresses4:
    source: c_uint32
    target: c_uint32


@bpf
@struct
class Address6:
    words: c_uint32 * 4


@bpf
@struct
class Addresses6:
    source: Address6
    target: Address6


@bpf
@map
def targets():
    """The IPv6 address for an IPv4 address, both in network order."""
    return HashMap(key=c_uint32, value=Address6, max_entries=1024)


@bpf
@section("xdp")
def translate(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    if ip.version != 4 or ip.ihl < 5 or ip.protocol != IPPROTO_UDP:
        return XDP_PASS
    target = targets.lookup(ip.daddr)
    if target is None:
        return XDP_PASS
    if ntohs(ip.frag_off) & 0x3FFF:
        return XDP_DROP
    # The stack answers a packet that has come too far.
    if ip.ttl <= 1:
        return XDP_PASS
    header = ip.ihl * 4
    payload = ntohs(ip.tot_len) - header
    udp = struct_udphdr(ctx.data + 14 + header)
    # IPv6 has no UDP without a checksum, and the packet's may be incomplete.
    if udp.check == 0 or payload < 8:
        return XDP_DROP
    old = Addresses4(source=ip.saddr, target=ip.daddr)
    new = Addresses6(target=Address6(target))
    # The well-known prefix, 64:ff9b::/96 (RFC 6052).
    new.source.words[0] = htonl(0x0064FF9B)
    new.source.words[3] = ip.saddr
    # Length and protocol weigh the same in both pseudo headers, so the addresses are the whole difference.
    total = bpf_csum_diff(old, sizeof(old), new, sizeof(new), ~udp.check & 0xFFFF)
    if total < 0:
        return XDP_ABORTED
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    check = ~total & 0xFFFF
    udp.check = check if check != 0 else 0xFFFF
    tos = ip.tos
    hops = ip.ttl - 1
    link = struct_ethhdr(ctx.data)
    source = link.h_source
    dest = link.h_dest
    if bpf_xdp_adjust_head(ctx, header - sizeof(struct_ipv6hdr)) != 0:
        return XDP_ABORTED
    eth = struct_ethhdr(ctx.data)
    eth.h_dest = source
    eth.h_source = dest
    eth.h_proto = htons(ETH_P_IPV6)
    ip6 = struct_ipv6hdr(eth + 1)
    ip6.version = 6
    ip6.priority = tos >> 4
    ip6.flow_lbl[0] = (tos & 15) << 4
    ip6.flow_lbl[1] = 0
    ip6.flow_lbl[2] = 0
    ip6.payload_len = htons(payload)
    ip6.nexthdr = IPPROTO_UDP
    ip6.hop_limit = hops
    for i in range(4):
        ip6.saddr.in6_u.u6_addr32[i] = new.source.words[i]
        ip6.daddr.in6_u.u6_addr32[i] = new.target.words[i]
    return XDP_TX
