"""Sums over an array in a map value: nested loops and variable indices."""

from ctypes import c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap
from vmlinux import XDP_DROP, XDP_PASS


@bpf
@struct
class Table:
    cells: c_uint32 * 64
    sums: c_uint32 * 8


@bpf
@map
def tables():
    return ArrayMap(key=c_uint32, value=Table, max_entries=1)


@bpf
@section("xdp")
def prog(ctx):
    t = tables.lookup(0)
    if t is None:
        return XDP_PASS
    n = ctx.data_end - ctx.data
    t.cells[n & 63] += 1
    best = 0
    for row in range(8):
        total = 0
        for column in range(8):
            total += t.cells[row * 8 + column] * (column + 1)
        t.sums[row] = total
        if total > t.sums[best]:
            best = row
    return XDP_DROP if best > 4 else XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
