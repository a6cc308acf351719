"""Bitfields, signed, of truth values, and of one bit to 64, on the stack, in maps, globals and packets."""

#: verify
#: run: prog(packet=hex(4500001400000000000000000000000000000000000000000000)) == 45
#: map: out[0] == 5
#: map: out[1] == 0xffffffffffffffff
#: map: out[2] == 1
#: map: out[3] == 0x3ffffffffff
#: map: out[4] == 7
#: map: out[5] == 2
#: map: out[6] == 0
#: map: out[7] == 6
#: map: out[8] == 0xfffffffffffffffe
#: map: table[1].low == 3
#: map: table[1].wide == 0x3ffffffffff
#: map: table[1].high == 12
#: map: table[1].small == -1
#: map: table[1].yes == 1
#: map: table[1].no == 0
#: map: table[2].low == 7
#: global: state.small == -4
#: global: state.yes == 1
from ctypes import Structure, c_bool, c_int8, c_int32, c_uint8, c_uint16, c_uint64

from pbpf import bits, bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, HashMap


@bpf
@struct
class Mixed:
    low: c_uint64 = bits(3)
    wide: c_uint64 = bits(42)
    high: c_uint64 = bits(19)
    small: c_int32 = bits(4)
    rest: c_int32 = bits(28)
    yes: c_bool = bits(1)
    no: c_bool = bits(1)


class Byte(Structure):
    _fields_ = [("low", c_uint8, 4), ("high", c_uint8, 4)]


class Short(Structure):
    _pack_ = 1
    _fields_ = [("x", c_int8), ("a", c_uint16, 10), ("b", c_uint16, 6)]


@bpf
@map
def out() -> ArrayMap:
    return ArrayMap(value=c_uint64, max_entries=32)


@bpf
@map
def table() -> HashMap:
    return HashMap(key=c_uint64, value=Mixed, max_entries=8)


@bpf
@bpfglobal
def state() -> Mixed:
    return Mixed()


@bpf
@section("xdp")
def prog(ctx):
    m = Mixed(low=13, wide=-1, high=12, small=-1, yes=2)
    out[0] = m.low
    out[1] = m.small
    out[2] = m.yes
    out[3] = m.wide
    m.low = 3
    table[1] = m
    table[2] = m
    v = table.lookup(2)
    if v:
        v.low += 4
        out[4] = v.low
        v.wide = 0
        v.rest -= 2
        out[8] = v.rest
        if not v.no and v.yes:
            out[5] = 2
        out[6] = v.wide
    state.small = 4 + 8
    state.yes = m.yes
    s = Short(b=6, a=1000)
    out[7] = s.b
    if ctx.data + 20 > ctx.data_end:
        return 0
    byte = Byte(ctx.data)
    total = byte.high * 10 + byte.low
    byte.low = 0
    return total


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
