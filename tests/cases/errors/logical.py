"""`and` and `or` give one of their values: values of types that have nothing in common are only conditions."""
#: check
from ctypes import c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import HashMap


@bpf
@struct
class Pair:
    a: c_uint32


@bpf
@map
def pairs():
    return HashMap(key=c_uint32, value=Pair, max_entries=16)


@bpf
@section("xdp")
def f(ctx):
    s = Pair(a=5)
    v = pairs.lookup(1)
    if (v and s.a) or "text" == "text":
        pass
    while not (v or s.a):
        break
    q = v or s  # error:9: [type-mismatch] "`or` gives one of"
    r = 1 and s  # error:9: [type-mismatch] "`and` gives one of"
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
