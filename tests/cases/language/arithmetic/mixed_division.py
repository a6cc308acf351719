"""A 64-bit unsigned number by a signed one, and the other way round: Python's quotient and remainder, by value."""
#: verify
#: run: f(packet=zeros(64)) == 1
#: global: huge_by_minus == -9223372036854775808
#: global: rest_by_minus == -1
#: global: minus_by_huge == -1
#: global: rest_by_huge == 9223372036854775800
#: global: by_zero == 0
#: global: rest_by_zero == -1
#: global: huge_by_two == 9223372036854775807
from ctypes import c_int64, c_uint64

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def huge() -> c_uint64:
    return c_uint64(18446744073709551615)


@bpf
@bpfglobal
def half() -> c_uint64:
    return c_uint64(9223372036854775808)


@bpf
@bpfglobal
def minus() -> c_int64:
    return c_int64(-8)


@bpf
@bpfglobal
def two() -> c_int64:
    return c_int64(2)


@bpf
@bpfglobal
def zero() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def huge_by_minus() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def rest_by_minus() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def minus_by_huge() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def rest_by_huge() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def by_zero() -> c_int64:
    return c_int64(1)


@bpf
@bpfglobal
def rest_by_zero() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def huge_by_two() -> c_int64:
    return c_int64(0)


@bpf
@section("xdp")
def f(ctx):
    global huge_by_minus, rest_by_minus, minus_by_huge, rest_by_huge, by_zero, rest_by_zero, huge_by_two
    huge_by_minus = huge // (minus + 6) + zero
    rest_by_minus = huge % (minus + 6)
    minus_by_huge = minus // half
    rest_by_huge = minus % half
    by_zero = huge // zero
    rest_by_zero = huge % zero
    huge_by_two = huge // two
    return 1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
