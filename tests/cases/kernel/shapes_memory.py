"""Shapes of memory that an optimiser makes wrong for the verifier: lengths for helpers, copies, fills, keys."""
#: verify
#: vm: 6.1 6.12 7.3
#: run: rest_of_buffer(packet=count(64)) == 62
#: run: two_lengths(packet=count(64)) == 19
#: run: length_of_a_helper(packet=count(64)) == 9
#: run: zeroed_by_bytes(packet=count(64)) == 0
#: run: copied_by_bytes(packet=count(64)) == 45
#: run: large_fill(packet=count(64)) == 7
#: run: large_copy(packet=count(64)) == 7
#: run: keys_in_turn(packet=count(64)) == 30
#: run: field_or_field(packet=count(64)) == 5
#: run: kept_truth(packet=count(64)) == 1

from ctypes import c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_skb_load_bytes
from pbpf.maps import ArrayMap, HashMap

LICENSE = "GPL"


@bpf
@struct
class Buffer:
    octet: c_uint8 * 64


@bpf
@struct
class Large:
    octet: c_uint8 * 4000


@bpf
@struct
class Wide:
    octet: c_uint8 * 1000


@bpf
@struct
class Pair:
    a: c_uint32
    b: c_uint32


@bpf
@map
def buffers():
    return ArrayMap(key=c_uint32, value=Buffer, max_entries=2)


@bpf
@map
def larges():
    return ArrayMap(key=c_uint32, value=Large, max_entries=2)


@bpf
@map
def wides():
    return ArrayMap(key=c_uint32, value=Wide, max_entries=2)


@bpf
@map
def pairs():
    return HashMap(key=c_uint32, value=Pair, max_entries=64)


@bpf
@bpfglobal
def seen() -> c_uint32:
    return 0


@bpf
@section("tc")
def rest_of_buffer(skb):
    """`R1 max value is outside of the allowed memory range`: that a + (64 - a) is 64 the verifier does not know."""
    b = buffers.lookup(0)
    if b is None:
        return 0
    a = skb.len & 15
    n = 64 - a
    for i in range(64):
        if i >= n:
            break
        b.octet[a + i] = i
    return b.octet[62]


@bpf
@section("tc")
def two_lengths(skb):
    b = buffers.lookup(0)
    o = buffers.lookup(1)
    if b is None or o is None:
        return 0
    first = skb.len & 7
    second = (skb.len >> 2) & 15
    o.octet[first + second + 3] = 4
    b.octet[first + second] = 15
    return b.octet[first + second] + o.octet[second + first + 3]


@bpf
@section("tc")
def length_of_a_helper(skb):
    b = buffers.lookup(0)
    if b is None:
        return 0
    size = 64 if skb.len > 64 else skb.len
    if bpf_skb_load_bytes(0, b, (size - 1 & 63) + 1) != 0:
        return 3
    return b.octet[9]


@bpf
@section("tc")
def zeroed_by_bytes(skb):
    """`A call to built-in function 'memset' is not supported.`"""
    l = larges.lookup(0)
    if l is None:
        return 1
    for i in range(4000):
        l.octet[i] = 0
    return l.octet[skb.len]


@bpf
@section("tc")
def copied_by_bytes(skb):
    """`A call to built-in function 'memcpy' is not supported.`"""
    a = buffers.lookup(0)
    b = buffers.lookup(1)
    if a is None or b is None or bpf_skb_load_bytes(0, a, 64) != 0:
        return 1
    n = min(skb.len, 10)
    total = 0
    for i in range(n):
        b.octet[i] = a.octet[i]
    for i in range(n):
        total += b.octet[i]
    return total


@bpf
@section("tc")
def large_fill(skb):
    """As many stores as LLVM writes out: 125 of eight bytes."""
    l = wides.lookup(0)
    if l is None:
        return 1
    l.octet = (c_uint8 * 1000)()
    l.octet[skb.len] = 7
    return l.octet[64]


@bpf
@section("tc")
def large_copy(skb):
    a = wides.lookup(0)
    b = wides.lookup(1)
    if a is None or b is None:
        return 1
    a.octet[999] = 7
    b.octet = a.octet
    return b.octet[999]


@bpf
@section("tc")
def keys_in_turn(skb):
    """Two hundred keys of their own are more than 512 bytes, if each has a place for the whole function."""
    total = 0
    for i in range(60):
        pairs[i] = Pair(a=i, b=1)
        found = pairs.lookup(i)
        if found is not None:
            total += found.b
    return total // 2


@bpf
@section("tc")
def field_or_field(skb):
    p = pairs.setdefault(1000, Pair(a=5, b=6))
    if p is None:
        return 0
    v = p.a if skb.len > 10 else p.b
    return v


@bpf
@section("tc")
def kept_truth(skb):
    global seen
    seen = 1 if skb.len > 10 else 0
    p = pairs.lookup(1000)
    seen = p is not None
    if seen and p is not None:
        return 1
    return 0
