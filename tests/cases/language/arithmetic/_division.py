"""Signed division and remainder of numbers that are not known while compiling."""
from ctypes import c_int32, c_int64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap


@bpf
@bpfglobal
def a() -> c_int64:
    return c_int64(-7)


@bpf
@bpfglobal
def b() -> c_int64:
    return c_int64(2)


@bpf
@bpfglobal
def zero() -> c_int32:
    return c_int32(0)


@bpf
@bpfglobal
def least() -> c_int64:
    return c_int64(-0x8000000000000000)


@bpf
@map
def results():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=12)


@bpf
@section("xdp")
def f(ctx):
    global a
    results[0] = a // b
    results[1] = a % b
    results[2] = b // a
    results[3] = b % a
    results[4] = a // -2
    results[5] = a % -2
    results[6] = a // zero
    results[7] = a % zero
    results[8] = least // (b - 3)
    results[9] = least % (b - 3)
    results[10] = a // 3
    a //= b
    results[11] = a
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
