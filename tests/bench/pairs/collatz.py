"""A loop that ends when a number says so, in at most 100 rounds."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap
from vmlinux import XDP_PASS


@bpf
@map
def steps():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=1)


@bpf
@section("xdp")
def prog(ctx):
    n = ctx.data_end - ctx.data
    taken = 0
    for i in range(100):
        if n <= 1:
            break
        n = n >> 1 if n & 1 == 0 else n * 3 + 1
        taken += 1
    steps[0] = taken
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
