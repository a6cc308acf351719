"""Names that the program and a module both have are kept apart; in the object the module's have its name in front."""

#: verify
#: run: prog(packet=zeros(14)) == 2
#: map: out[0] == 105
#: map: out[1] == 7
#: map: _clash_out[1] == 5
#: global: total == 2
#: global: _clash_total == 105
from ctypes import c_int64

import _clash
from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap


@bpf
@struct
class Pair:
    a: c_int64
    b: c_int64


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=2)


@bpf
@bpfglobal
def total() -> c_int64:
    return 1


@bpf
def add(n):
    global total
    total += n
    return n + 1


@bpf
@section("xdp")
def prog(ctx):
    p = Pair(a=5, b=1)
    out[0] = _clash.add(p.a)
    out[1] = p.a + add(p.b)
    return 2
