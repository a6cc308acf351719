"""A pointer that moves on in each round of a loop over a map: the verifier finds no end of it."""

from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_int64, max_entries=64)


@bpf
@section("xdp")
def main(ctx):
    p, end = ctx.data, ctx.data_end
    for k in counts:
        if p + 8 > end:
            return 1
        p += 4  # error:14: [unbounded-loop] "moves on"
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
