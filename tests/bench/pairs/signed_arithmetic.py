"""A moving average of signed differences, clamped."""

from ctypes import c_int32, c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap
from vmlinux import XDP_DROP, XDP_PASS


@bpf
@struct
class Average:
    mean: c_int64
    spread: c_int64
    last: c_int32


@bpf
@map
def averages():
    return ArrayMap(key=c_uint32, value=Average, max_entries=1)


@bpf
@section("xdp")
def prog(ctx):
    a = averages.lookup(0)
    if a is None:
        return XDP_PASS
    n = ctx.data_end - ctx.data
    change = n - a.last
    a.last = n
    a.mean += (n - a.mean) >> 3
    a.spread += (abs(change) - a.spread) >> 2
    limit = min(max(a.spread * 2, 16), 4096)
    return XDP_DROP if change > limit or change < -limit else XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
