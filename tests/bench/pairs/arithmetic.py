"""Arithmetic on 64 bits: a generator of random numbers, divisions and remainders."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap
from vmlinux import XDP_DROP, XDP_PASS


@bpf
@map
def state():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@section("xdp")
def prog(ctx):
    v = state.lookup(0)
    if v is None:
        return XDP_PASS
    x: c_uint64 = v
    x += 0x9E3779B97F4A7C15
    x ^= x << 13
    x ^= x >> 7
    x ^= x << 17
    v += x
    seconds = x // 1000000000
    rest = x % 1000000000
    state[1] = seconds * 7 + rest // 1000
    state[2] = (seconds % 60) << 8 | rest % 256
    return XDP_DROP if x % 10 < 3 else XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
