"""A histogram of packet lengths by powers of two, for each CPU."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import PerCpuArray
from vmlinux import XDP_PASS


@bpf
@map
def lengths():
    return PerCpuArray(key=c_uint32, value=c_uint64, max_entries=32)


@bpf
@section("xdp")
def prog(ctx):
    n = ctx.data_end - ctx.data
    slot = 0
    if n >= 1 << 8:
        n >>= 8
        slot += 8
    if n >= 1 << 4:
        n >>= 4
        slot += 4
    if n >= 1 << 2:
        n >>= 2
        slot += 2
    if n >= 1 << 1:
        slot += 1
    count = lengths.lookup(slot)
    if count is not None:
        count += 1
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
