"""Shapes that an optimiser makes wrong for the verifier when a front end writes them down as they are."""
#: verify
#: vm: 6.1 6.12 7.3
#: run: context_fields(packet=zeros(64)) == 2
#: run: length_as_number(packet=zeros(64)) == XDP_PASS
#: run: length_as_number(packet=eth/ip(dst=10.0.0.2)) == XDP_TX
#: run: far_offset(packet=zeros(64)) == XDP_DROP
#: run: far_offset(packet=ones(64)) == XDP_PASS
#: run: shifted_index(packet=zeros(64)) == 2
#: run: downward(packet=count(64)) == 2
#: run: both_checks(packet=count(64)) == 3
#: run: bits_of_checks(packet=count(64)) == 3
#: run: remainder_index(packet=count(64)) == 3
#: run: remainder_checked(packet=count(64)) == 1
#: run: quotient_checked(packet=count(64)) == 2
#: run: cut_checked(packet=count(64)) == 2
#: run: clamped(packet=count(64)) == 3
#: run: two_lookups(packet=count(64)) == 2
#: run: truth_later(packet=count(64)) == 2
#: run: mended(packet=count(64)) == 1
#: run: scaled(packet=count(64)) == 3
#: run: both_bounds(packet=count(64)) == 2
#: run: chosen_constant(packet=count(64)) == 1
#: run: top_bits(packet=count(64)) == 2
#: run: odd_place(packet=count(64)) == 3

from ctypes import c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, HashMap
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_DROP, XDP_PASS, XDP_TX, struct_ethhdr


@bpf
@struct
class Cells:
    cell: c_uint32 * 16


@bpf
@struct
class Octets:
    octet: c_uint8 * 16


@bpf
@struct
class Mixed:
    first: c_uint8
    second: c_uint32
    third: c_uint16


@bpf
@map
def cells():
    return ArrayMap(key=c_uint32, value=Cells, max_entries=2)


@bpf
@map
def numbers():
    return ArrayMap(key=c_uint32, value=c_int64, max_entries=16)


@bpf
@map
def mixed():
    return HashMap(key=Mixed, value=c_uint64, max_entries=16)


@bpf
@section("xdp")
def context_fields(ctx) -> c_int64:
    v = ctx.ingress_ifindex if ctx.data_end - ctx.data > 40 else ctx.rx_queue_index
    return 2 if v < 1000000 else 1


@bpf
@section("xdp")
def length_as_number(ctx) -> c_int64:
    if ctx.data_end - ctx.data < 14:
        return XDP_DROP
    if struct_ethhdr(ctx.data).h_proto == htons(ETH_P_IP):
        return XDP_TX
    return XDP_PASS


@bpf
@section("xdp")
def far_offset(ctx) -> c_int64:
    offset = struct_ethhdr(ctx.data).h_proto
    if Octets(ctx.data + offset).octet[3] == 0:
        return XDP_DROP
    return XDP_TX


@bpf
@section("xdp")
def shifted_index(ctx) -> c_int64:
    c = cells.lookup(0)
    if c is None:
        return 0
    i = (ctx.data_end - ctx.data) % 20
    k = i - 3
    if 0 <= k < 10:
        c.cell[i] = 5
        return 2
    return 1


@bpf
@section("xdp")
def downward(ctx) -> c_int64:
    o = Octets(ctx.data)
    n = o.octet[15] & 31
    s = 0
    k = n
    while k >= 0:
        s += o.octet[k]
        k -= 1
    return s % 4 + 2


@bpf
@section("xdp")
def both_checks(ctx) -> c_int64:
    c = cells.lookup(0)
    if c is None:
        return 0
    o = Octets(ctx.data)
    i = o.octet[5]
    j = o.octet[9] - 2
    if i >= 16 or j >= 16 or j < 0:
        return 1
    c.cell[i] = 3
    c.cell[j] = 4
    return c.cell[i]


@bpf
@section("xdp")
def bits_of_checks(ctx) -> c_int64:
    c = cells.lookup(0)
    if c is None:
        return 0
    o = Octets(ctx.data)
    i = o.octet[5]
    j = o.octet[9]
    if (i < 16) & (j < 16):
        c.cell[i] = 3
        c.cell[j] = 4
        return c.cell[i]
    if (i > 15) | (j > 15):
        return 1
    return 2


@bpf
@section("xdp")
def remainder_index(ctx) -> c_int64:
    c = cells.lookup(0)
    if c is None:
        return 0
    q = ctx.data_end - ctx.data
    c.cell[q % 10] = 3
    return c.cell[q % 12]


@bpf
@section("xdp")
def remainder_checked(ctx) -> c_int64:
    numbers[1] = 37
    c = cells.lookup(1)
    if c is None:
        return 0
    x = numbers[1] % 10
    if x < 16:
        c.cell[x] = 1
        return c.cell[7]
    return 2


@bpf
@section("xdp")
def quotient_checked(ctx) -> c_int64:
    numbers[2] = 7654
    c = cells.lookup(0)
    if c is None:
        return 0
    x = numbers[2] // 1000
    if 0 <= x < 16:
        c.cell[x] = 2
        return c.cell[7]
    return 1


@bpf
@section("xdp")
def cut_checked(ctx) -> c_int64:
    numbers[3] = 5 << 32 | 11
    c = cells.lookup(0)
    if c is None:
        return 0
    q = numbers[3]
    low: c_uint32 = q
    if low < 16:
        c.cell[low] = 2
        return c.cell[11]
    return 1


@bpf
@section("xdp")
def clamped(ctx) -> c_int64:
    numbers[4] = 99
    c = cells.lookup(0)
    if c is None:
        return 0
    x = numbers[4]
    c.cell[min(max(x, 0), 15)] = 3
    if x > 15:
        x = 15
    if x < 0:
        x = 0
    return c.cell[x]


@bpf
@section("xdp")
def two_lookups(ctx) -> c_int64:
    a = cells.lookup(0)
    b = numbers.lookup(5)
    if a is not None and b is not None:
        a.cell[1] = 2
        b += a.cell[1]
        return a.cell[1]
    return 1


@bpf
@section("xdp")
def truth_later(ctx) -> c_int64:
    a = cells.lookup(0)
    there = a is not None
    n = ctx.data_end - ctx.data
    if there and n > 60:
        a.cell[2] = 2
        return a.cell[2]
    return 1


@bpf
@section("xdp")
def mended(ctx) -> c_int64:
    c = cells.lookup(1)
    if c is None:
        return 0
    q = Octets(ctx.data).octet[4] - 9
    i = q + 16 if q < 0 else q
    if i < 16:
        c.cell[i] = 1
    return c.cell[11]


@bpf
@section("xdp")
def scaled(ctx) -> c_int64:
    c = cells.lookup(0)
    if c is None:
        return 0
    i = Octets(ctx.data).octet[4]
    if i < 5:
        c.cell[i * 3] = 3
        c.cell[i << 1] = 3
        c.cell[i + 7] = 3
        return c.cell[12]
    return 1


@bpf
@section("xdp")
def both_bounds(ctx) -> c_int64:
    o = Octets(ctx.data)
    n = o.octet[9]
    i = 0
    s = 0
    while i < n and i < 16:
        s += o.octet[i]
        i += 1
    return s % 4 + 2


@bpf
@section("xdp")
def chosen_constant(ctx) -> c_int64:
    c = cells.lookup(1)
    if c is None:
        return 0
    kind = Octets(ctx.data).octet[6]
    at = 0
    if kind == 4:
        at = 3
    elif kind == 5:
        at = 9
    elif kind == 6:
        at = 14
    c.cell[at] = 1
    return c.cell[14]


@bpf
@section("xdp")
def top_bits(ctx) -> c_int64:
    numbers[6] = -1
    c = cells.lookup(0)
    if c is None:
        return 0
    q: c_uint64 = numbers[6]
    c.cell[q >> 60] = 1
    c.cell[q % 16] += 1
    return c.cell[15]


@bpf
@section("xdp")
def odd_place(ctx) -> c_int64:
    key = Mixed(first=1, third=3)
    key.second = Octets(ctx.data).octet[1]
    mixed[key] += 3
    found = mixed.lookup(key)
    if found is None:
        return 0
    return found % 4


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
