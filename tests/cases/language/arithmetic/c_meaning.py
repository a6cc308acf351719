"""A file of PythonBPF's: C's usual conversions, literals of C's ranks, division towards zero, wrapping at the width."""
#: verify
#: run: f(packet=zeros(64)) == 2
#: global: truncated == -3
#: global: remainder == -1
#: global: slash == 3
#: global: unsigned_less == 0
#: global: mixed_less == 0
#: global: wraps == 0
#: global: narrow == 300
#: global: declared == 44
#: global: made == 4
#: global: wide == 260
#: global: difference == 4294967295
#: global: long_difference == 1
#: global: negated == 4294967295
#: global: inverted == -1
#: global: big == 15
#: global: shifted == -1
#: global: chosen == 4294967295
#: global: decided == 7
#: global: python_value == 1
#: global: updated == -3
#: global: counted == 300
from ctypes import c_int8, c_int32, c_int64, c_uint8, c_uint32, c_uint64

from pythonbpf import bpf, bpfglobal, section
from pythonbpf.helper import ktime


@bpf
@bpfglobal
def minus_seven() -> c_int32:
    return c_int32(-7)


@bpf
@bpfglobal
def two() -> c_int32:
    return c_int32(2)


@bpf
@bpfglobal
def one() -> c_uint32:
    return c_uint32(1)


@bpf
@bpfglobal
def small() -> c_uint8:
    return c_uint8(255)


@bpf
@bpfglobal
def truncated() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def remainder() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def slash() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def unsigned_less() -> c_int64:
    return c_int64(9)


@bpf
@bpfglobal
def mixed_less() -> c_int64:
    return c_int64(9)


@bpf
@bpfglobal
def wraps() -> c_int64:
    return c_int64(9)


@bpf
@bpfglobal
def narrow() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def declared() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def made() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def wide() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def difference() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def long_difference() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def negated() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def inverted() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def big() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def shifted() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def chosen() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def decided() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def python_value() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def updated() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def counted() -> c_int64:
    return c_int64(0)


@bpf
@section("xdp")
def f(ctx):
    global truncated, remainder, slash, unsigned_less, mixed_less, wraps, narrow, declared, made, wide
    global difference, long_difference, negated, inverted, big, shifted, chosen, decided, python_value
    global updated, counted
    truncated = minus_seven // two
    remainder = minus_seven % two
    slash = 7 / 2
    # -7 becomes 4294967289u.
    unsigned_less = minus_seven < one
    # int against unsigned long long.
    t = c_uint64(5)
    mixed_less = c_int32(-1) < t
    # unsigned int wraps.
    wraps = one + 0xFFFFFFFF - c_uint32(0xFFFFFFFF) - one + c_uint32(0xFFFFFFFF) * c_uint32(0)
    # unsigned char is promoted.
    narrow = small + 45
    n: c_uint8 = small + 45
    declared = n
    # A local made by a constructor keeps that type ...
    m = c_uint8(250)
    m += 10
    made = m
    # ... and any other has 64 bits.
    w = small + 0
    w += 5
    wide = w
    difference = one - c_uint32(2)
    # int minus long long.
    long_difference = c_int32(2) - c_int64(1)
    negated = -one
    inverted = ~c_uint8(0)
    big = 0xFFFFFFFFFFFFFFFF >> 60
    shifted = c_int8(-1) >> 3
    chosen = minus_seven if two > 3 else c_uint32(0xFFFFFFFF)
    decided = 0 or 7
    # Versions: PythonBPF has one slot, typed by the first.
    x = ktime()
    x = -3
    python_value = x < 0
    u = minus_seven
    u //= two
    updated = u
    i = c_uint8(0)
    for i in range(300):
        pass
    counted = i + 1
    return c_int32(8) // 3


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
