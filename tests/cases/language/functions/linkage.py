"""Functions that are verified on their own, that stay calls, and that become parts of their callers."""

#: verify
#: flags: --explain-lowering
#: run: prog(packet=zeros(14)) == 2
#: run: prog(packet=zeros(60)) == 2
#: map: out[0] == 60
#: map: out[1] == 25
#: map: out[2] == 14
#: map: out[3] == 1
#: map: out[4] == 12
#: map: out[5] == 6
#: map: out[6] == -7
#: map: out[7] == 9
#: vm: 6.12
from ctypes import c_int64, c_uint8, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct, subprogram
from pbpf.maps import ArrayMap


@bpf
@struct
class Pair:
    a: c_int64
    b: c_int64


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=16)


@bpf
@map
def pairs():
    return ArrayMap(value=Pair, max_entries=1)


@bpf
@bpfglobal
def shared() -> Pair:
    return Pair()


@bpf
@subprogram(global_=True)
def length(ctx):  # note: [explain-lowering] "it is verified on its own"
    return ctx.data_end - ctx.data


@bpf
@subprogram(global_=True)
def weight(p: Pair, by) -> c_uint32:  # note: "it is verified on its own"
    p.a += 1
    return p.a * by + p.b


@bpf
@subprogram(global_=True)
def clear(values: c_uint32 * 4):  # note: "it is verified on its own"
    for i in range(4):  # note: "the 4 rounds of this loop are written out"
        values[i] = 3  # note: "the index is checked"


@bpf
@subprogram(global_=True)
def is_even(n: c_uint8) -> bool:  # note: "it is verified on its own"
    return n % 2 == 0


@bpf
@subprogram(inline=False)
def square(n):  # note: "stays a function that is called: it is declared so"
    return n * n


@bpf
@subprogram(inline=False)
def smaller(p: Pair):  # note: "stays a function that is called"
    return min(p.a, p.b)


@bpf
@subprogram(inline=True)
def cube(n):  # note: "becomes a part of its only caller: it is declared so"
    return n * n * n


@bpf
def plus(a, b, c, d, e, f):  # note: "a call passes five values, and not 6"
    return a + b + c + d + e + f


@bpf
@section("xdp")
def prog(ctx):  # note: "bytes of stack"
    out[0] = length(ctx)
    p = Pair(a=2, b=16)
    out[1] = weight(p, 3)
    v = pairs.lookup(0)
    if v is None:
        return XDP_DROP
    v.a = 0
    v.b = 12
    out[2] = weight(v, 2)
    shared.a = 0
    out[3] = weight(shared, 1) + is_even(3)
    values = (c_uint32 * 4)()
    clear(values)
    out[4] = sum4(values)
    out[5] = plus(1, 1, 1, 1, 1, is_even(4))
    q = Pair(a=-7, b=3)
    out[6] = smaller(q)
    out[7] = square(3) + cube(1) - smaller(Pair(a=1, b=1))
    return XDP_PASS


@bpf
def sum4(values):  # note: "becomes a part"
    total = 0
    for i in range(4):  # note: "the verifier walks this loop"
        total += values[i]  # note: "the index is checked"  # note: "the index needs no check"
    return total


XDP_DROP = 1
XDP_PASS = 2
