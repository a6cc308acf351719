"""The value is evaluated before the place that it is stored to, and the place once."""
#: verify
#: run: f(packet=zeros(64)) == 2
#: map: m[1].a == 0
#: map: n[2] == 0
#: global: at == 103
#: global: first == 7
from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import HashMap


@bpf
@struct
class S:
    a: c_int64


@bpf
@map
def m():
    return HashMap(key=c_uint32, value=S, max_entries=8)


@bpf
@map
def n():
    return HashMap(key=c_uint32, value=c_int64, max_entries=8)


@bpf
@bpfglobal
def records():
    return (S * 4)()


@bpf
@bpfglobal
def at() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def first() -> c_int64:
    return c_int64(0)


@bpf
def bump(by):
    global at
    at += by
    return at


@bpf
@section("xdp")
def f(ctx):
    global at, first
    x = 0
    m[(x := 1)] = S(a=x)
    y = 0
    n[(y := 2)] = y
    i = 3
    # The value sees the old i, and then the index is 0.
    records[(i := 0)] = S(a=i + 4)
    first = records[0].a
    # What is updated is read before the value is evaluated.
    at = 1
    at += bump(100) + 1
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
