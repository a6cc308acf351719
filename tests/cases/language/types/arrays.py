"""Arrays: nested, of structs, initialised, indexed by constants from both ends and by variables, copied as a whole."""

#: verify
#: run: prog(packet=zeros(14)) == 0
#: run: prog(packet=zeros(15)) == 0
#: map: out[0] == 60
#: map: out[1] == 4
#: map: out[2] == 3
#: map: out[3] == 12
#: map: out[4] == 5
#: map: out[5] == 77
#: map: out[6] == 9
#: map: out[7] == 2
#: map: out[8] == 16
#: map: out[9] == 0
#: map: out[10] == 65
#: map: grid[0][1] == 77
#: map: grid[0][2] == 6
from ctypes import c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap

SIZE = 3


@bpf
@struct
class Pair:
    a: c_uint32
    b: c_uint8 * SIZE


@bpf
@map
def out() -> ArrayMap:
    return ArrayMap(value=c_uint64, max_entries=32)


@bpf
@map
def grid() -> ArrayMap:
    return ArrayMap(value=c_uint32 * 4, max_entries=1)


@bpf
@bpfglobal
def counts() -> c_uint32 * 4:
    return (c_uint32 * 4)()


@bpf
def last(a: c_uint32 * 4):
    return a[-1]


@bpf
@section("xdp")
def prog(ctx):
    a = (c_uint32 * 4)(10, 20, 30)
    total = 0
    for i in range(4):
        total += a[i]
    out[0] = total
    a[-1] = 4
    out[1] = last(a)
    nested = ((c_uint8 * 4) * SIZE)()
    nested[1][2] = 3
    nested[2] = nested[1]
    nested[1][2] = 8
    out[2] = nested[2][2]
    out[3] = sizeof(nested)
    pairs = (Pair * 2)(Pair(1, (1, 2, 3)), Pair(2, (4, 5, 6)))
    n = (ctx.data_end - ctx.data) % 2
    pairs[n].b[n] = pairs[1].b[1]
    out[4] = pairs[n].b[n]
    copy = a
    copy[1] = 77
    out[5] = copy[1]
    counts[n] = 9
    out[6] = counts[n]
    out[7] = len(pairs)
    v = grid.lookup(0)
    if v:
        v[1] = copy[1]
        v[2] = pairs[1].b[2]
        out[8] = sizeof(v)
        v[n * 3] = a[n * 3] * 0
    raw = bytes(8)
    raw[0] = 65
    out[9] = raw[7]
    out[10] = raw[0]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
