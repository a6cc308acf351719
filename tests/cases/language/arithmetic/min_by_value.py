"""`min` and `max` compare by value, an addition of 0 to an element stays an addition."""
#: flags: --cpu v1
#: verify
#: run: f(packet=zeros(64)) == 3
#: global: least == 6
#: global: greatest == 7
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap


@bpf
@map
def slots():
    return ArrayMap(key=c_uint32, value=c_uint32, max_entries=4)


@bpf
@bpfglobal
def huge() -> c_uint64:
    return c_uint64(18446744073709550616)


@bpf
@bpfglobal
def six() -> c_int64:
    return c_int64(6)


@bpf
@bpfglobal
def least() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def greatest() -> c_int64:
    return c_int64(0)


@bpf
@section("xdp")
def f(ctx):
    global least, greatest
    least = min(huge, six)
    greatest = max(min(six + 1, huge), six)
    slots[0] += 3
    slots[0] += 0
    return slots[0]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
