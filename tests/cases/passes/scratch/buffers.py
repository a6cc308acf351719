"""Buffers that the stack does not hold at once: each program has its entry in a per-CPU map."""

#: flags: --large-locals map --explain-lowering
#: verify
#: run: prog(packet=zeros(60)) == 2
#: map: out[0] == 405
#: map: out[1] == 90
#: map: out[2] == 7
#: run: other(packet=zeros(60)) == 2
#: map: out[3] == 1890
#: vm: 6.1
from ctypes import c_int64, c_uint32

from pbpf import bpf, map, section
from pbpf.maps import ArrayMap


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=8)


@bpf
@section("xdp")
def prog(ctx):  # note: [explain-lowering] "bytes of stack"
    first = (c_uint32 * 90)()  # note: "`first` (360 bytes) is kept in the map `large_locals`"
    second = (c_uint32 * 90)()
    small = (c_uint32 * 4)()
    for i in range(90):  # note: "the verifier walks this loop"
        first[i] = i  # note: "checked"  # note: "needs no check"
        second[i] = 1  # note: "checked"  # note: "needs no check"
    small[3] = 7
    total = 0
    for i in range(90):  # note: "the verifier walks this loop"
        total += second[i]  # note: "checked"  # note: "needs no check"
    out[0] = first[89] + first[1] + 315
    out[1] = total
    out[2] = small[3]
    return 2


@bpf
def summed(n):  # note: "becomes a part"
    values = (c_uint32 * 120)()  # note: "`values` (480 bytes) is kept in the map `large_locals`"
    for i in range(120):  # note: "the verifier walks this loop"
        values[i] = i * n  # note: "checked"  # note: "needs no check"
    return values[119]


@bpf
@section("xdp")
def other(ctx):  # note: "bytes of stack"
    buffer = (c_uint32 * 60)()
    for i in range(60):  # note: "the verifier walks this loop"
        buffer[i] = i  # note: "checked"  # note: "needs no check"
    more = summed(15)
    out[3] = more + buffer[59] + buffer[46]
    return 2
