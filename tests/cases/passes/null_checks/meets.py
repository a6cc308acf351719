"""A pointer that was tested on every way to where it is used."""
#: verify
#: run: twice(packet=zeros(14)) == 0 -> put a[1] = 5 -> run twice(packet=zeros(14)) == 6 -> put a[0] = 50 -> run twice(packet=zeros(14)) == 51
#: map: a[0] == 51
#: map: a[1] == 6
#: run: around(packet=zeros(14)) == 54 -> map a[0] == 54
#: run: chained(packet=zeros(14)) == 55
#: run: either(packet=zeros(14)) == 56
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.maps import HashMap

LICENSE = "GPL"


@bpf
@map
def a():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=8)


@bpf
@section("xdp")
def twice(ctx):
    p = a.lookup(0)
    if p is None:
        p = a.lookup(1)
        if p is None:
            return 0
    p += 1
    return p


@bpf
@section("xdp")
def around(ctx):
    p = a.lookup(0)
    if p is None:
        return 0
    for key in range(3):
        p += 1
        q = a.lookup(key + 7)
        if q is not None:
            p = q
    return p


@bpf
@section("xdp")
def chained(ctx):
    p = a.lookup(7)
    if p is None:
        p = a.lookup(6)
        if p is None:
            p = a.lookup(5)
            if p is None:
                p = a.lookup(0)
                if p is None:
                    return 0
    p += 1
    return p


@bpf
@section("xdp")
def either(ctx):
    first, second = a.lookup(0), a.lookup(1)
    if first is None or second is None:
        return 0
    p = first if first > second else second
    p += 1
    return p
