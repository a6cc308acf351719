"""A pointer that was tested on one way only to where it is used."""

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
def second_untested(ctx):
    p = a.lookup(0)
    if p is None:
        p = a.lookup(1)
    p += 1  # error:10: [unchecked-null] "without a check"
    return 0


@bpf
@section("xdp")
def around(ctx):
    p = a.lookup(0)
    if p is None:
        return 0
    for key in range(3):
        p += 1  # error:14: [unchecked-null]
        p = a.lookup(key)
    return 0


@bpf
@section("xdp")
def other_way(ctx):
    p = a.lookup(0)
    if p is not None:
        p = a.lookup(1)
        if p is None:
            return 0
    p += 1  # error:10: [unchecked-null]
    return 0
