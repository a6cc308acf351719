"""Shapes of numbers that an optimiser makes wrong for the verifier: bounds of pairs, narrow counters, parsing with a moving offset."""
#: verify
#: vm: 6.1 6.12 7.3
#: run: signed_pairs(packet=count(64)) == 9
#: run: one_of_two(packet=count(64)) == 1
#: run: masked_pair(packet=count(64)) == 7
#: run: signed_index(packet=count(64)) == 5
#: run: narrow_then_wide(packet=count(64)) == 6
#: run: upper_clamp(packet=count(64)) == 15
#: run: after_the_check(packet=count(64)) == 4
#: run: records(packet=hex(0201 0301 02 0401 0203 00)/zeros(60)) == 3
#: run: records(packet=ones(64)) == 0
#: run: both_ways(packet=eth/ip/udp) == 17
#: run: both_ways(packet=eth/ip6/tcp) == 6
#: run: moved_by_header(packet=eth/ip(options=8)/udp(dport=53)) == 53
#: run: moved_by_header(packet=eth/ip(options=40)/udp(dport=80)) == 80
#: run: deep(packet=eth/vlan(id=5)/vlan(id=6)/ip/udp) == 17
#: run: counted_down(packet=count(64)) == 120
#: run: stepped(packet=count(64)) == 208

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import ArrayMap
from pbpf.net import ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, htons, ntohs
from vmlinux import struct_ethhdr, struct_iphdr, struct_ipv6hdr, struct_udphdr, struct_vlan_hdr

LICENSE = "GPL"


@bpf
@struct
class Cells:
    cell: c_uint32 * 16


@bpf
@struct
class Octets:
    octet: c_uint8 * 64


@bpf
@map
def cells():
    return ArrayMap(key=c_uint32, value=Cells, max_entries=2)


@bpf
@section("xdp", short_packet=0)
def signed_pairs(ctx):
    """`R3 unbounded memory access, make sure to bounds check any such access`: two checks that are merged into one."""
    c = cells.lookup(0)
    if c is None:
        return 0
    o = Octets(ctx.data)
    i, j = o.octet[20] - 12, o.octet[21] - 20
    if 0 <= i < 16 and 0 <= j < 16:
        c.cell[i] = 8
        c.cell[j] = 1
        return c.cell[8] + c.cell[1]
    return 1


@bpf
@section("xdp", short_packet=0)
def one_of_two(ctx):
    c = cells.lookup(0)
    if c is None:
        return 0
    o = Octets(ctx.data)
    i, j = o.octet[20], o.octet[3]
    if i > 15 or j > 15:
        return 1
    return c.cell[i] + c.cell[j]


@bpf
@section("xdp", short_packet=0)
def masked_pair(ctx):
    c = cells.lookup(1)
    if c is None:
        return 0
    o = Octets(ctx.data)
    i, j = o.octet[20], o.octet[53]
    c.cell[i & 15] = 3
    c.cell[(i | j) & 15] += 4
    return c.cell[4] + c.cell[5]


@bpf
@section("xdp", short_packet=0)
def signed_index(ctx):
    c = cells.lookup(0)
    if c is None:
        return 0
    i = c_int32(Octets(ctx.data).octet[9]) - 4
    if i < 0 or i >= 16:
        return 1
    c.cell[i] = 5
    return c.cell[5]


@bpf
@section("xdp", short_packet=0)
def narrow_then_wide(ctx):
    """The check is of the low half; the whole is what the memory is reached with."""
    c = cells.lookup(0)
    if c is None:
        return 0
    q = c_uint64(Octets(ctx.data).octet[6]) << 32 | Octets(ctx.data).octet[6]
    if c_uint32(q) < 16:
        c.cell[c_uint32(q)] = 6
        return c.cell[6]
    return 1


@bpf
@section("xdp", short_packet=0)
def upper_clamp(ctx):
    c = cells.lookup(0)
    if c is None:
        return 0
    x = Octets(ctx.data).octet[60]
    x = 15 if x > 15 else x
    c.cell[x] = x
    return c.cell[15]


@bpf
@section("xdp", short_packet=0)
def after_the_check(ctx):
    """What is compared is not what is used: `k = i - 5; if k < 10: a[i]`."""
    c = cells.lookup(0)
    if c is None:
        return 0
    i = Octets(ctx.data).octet[8]
    k = i - 5
    if k < 10:
        c.cell[i] = 4
        return c.cell[8]
    return 1


@bpf
@section("xdp", short_packet=0)
def records(ctx):
    """Records behind one another, each with its length in front."""
    at = 0
    found = 0
    for _ in range(8):
        size = ctx.data[at]
        if size == 0:
            return found
        found += 1
        at += size
    return 0


@bpf
@section("xdp", short_packet=0)
def both_ways(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto == htons(ETH_P_IP):
        ip = struct_iphdr(eth + 1)
        if ip + 1 > ctx.data_end:
            return 1
        protocol = ip.protocol
    elif eth.h_proto == htons(ETH_P_IPV6):
        ip6 = struct_ipv6hdr(eth + 1)
        if ip6 + 1 > ctx.data_end:
            return 2
        protocol = ip6.nexthdr
    else:
        return 3
    return protocol


@bpf
@section("xdp", short_packet=0)
def moved_by_header(ctx):
    ip = struct_iphdr(ctx.data + 14)
    udp = struct_udphdr(ctx.data + 14 + ip.ihl * 4)
    return ntohs(udp.dest)


@bpf
@section("xdp", short_packet=0)
def deep(ctx):
    kind = struct_ethhdr(ctx.data).h_proto
    at = 14
    for _ in range(4):
        if kind == htons(ETH_P_8021Q):
            kind = struct_vlan_hdr(ctx.data + at).h_vlan_encapsulated_proto
            at += 4
    return struct_iphdr(ctx.data + at).protocol


@bpf
@section("xdp", short_packet=0)
def counted_down(ctx):
    """`R0 min value is outside of the allowed memory range`: what counts down to zero."""
    o = Octets(ctx.data)
    total = 0
    for k in range(15, -1, -1):
        total += o.octet[k]
    return total


@bpf
@section("xdp", short_packet=0)
def stepped(ctx):
    o = Octets(ctx.data)
    total = 0
    at = 0
    for _ in range(9):
        if at >= o.octet[60]:
            break
        total += o.octet[at]
        at += 6 if at & 1 else 5
    return total
