"""Atomic operations on globals, values and fields of maps, with and without their result, of 32 and 64 bits."""
#: run: counted(packet=zeros(64)) == XDP_PASS
#: run: counted(packet=zeros(64)) == XDP_DROP
#: global: total == 14
#: global: narrow == 4294967294
#: global: place.b == 12
#: map: values[1].hits == 4
#: map: values[1].mask == 6
#: run: old(packet=zeros(64)) == XDP_PASS
#: map: numbers[0] == 9
from ctypes import c_int32, c_uint32, c_uint64

from pbpf import (
    atomic_add, atomic_and, atomic_exchange, atomic_or, atomic_sub, atomic_xor, bpf, bpfglobal, map, section, struct,
)
from pbpf.maps import ArrayMap, HashMap
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS


@bpf
@struct
class Value:
    hits: c_uint64
    mask: c_uint32


@bpf
@struct
class Place:
    a: c_uint32
    b: c_uint32


@bpf
@map
def values():
    return HashMap(key=c_uint32, value=Value, max_entries=4)


@bpf
@map
def numbers():
    return ArrayMap(value=c_uint64, max_entries=1)


@bpf
@bpfglobal
def total() -> c_uint64:
    return 0


@bpf
@bpfglobal
def narrow() -> c_uint32:
    return 0


@bpf
@bpfglobal
def place() -> Place:
    return Place(b=5)


@bpf
@section("xdp")
def counted(ctx):
    before = atomic_add(total, 7)
    atomic_sub(narrow, 1)
    atomic_xor(place.b, 9)
    atomic_xor(place.b, 9)
    if before == 0:
        atomic_or(place.b, 8)
        atomic_and(place.b, 12)
    value = values.setdefault(1, Value(mask=2))
    if value is None:
        return XDP_ABORTED
    atomic_add(value.hits, 2)
    atomic_or(value.mask, 4)
    if before == 0:
        return XDP_PASS
    return XDP_DROP


@bpf
@section("xdp")
def old(ctx):
    atomic_exchange(numbers[0], 8)
    number = numbers.lookup(0)
    if number is None:
        return XDP_ABORTED
    if atomic_exchange(number, 6) != 8 or atomic_or(numbers[0], 8) != 6 or atomic_and(number, 11) != 14:
        return XDP_DROP
    if atomic_sub(number, 1) != 10:
        return XDP_DROP
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
