"""A called function that goes on in another program, with too much stack above it."""

from ctypes import c_uint32

from pbpf import bpf, map, section, subprogram
from pbpf.maps import ProgArray


@bpf
@map
def steps():
    return ProgArray(max_entries=4)


@bpf
@subprogram(inline=False)
def leave(ctx, values):
    steps.tail_call(values[1] % 4)
    return values[2]


@bpf
@section("xdp")
def small(ctx):
    values = (c_uint32 * 40)()
    values[1] = 1
    return leave(ctx, values)


@bpf
@section("xdp")
def large(ctx):  # error:5: [stack-over-budget] "less than 256 may be"
    values = (c_uint32 * 80)()
    values[1] = 1
    return leave(ctx, values)
