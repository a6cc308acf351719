"""Structs as keys, values, records, parameters, results and parts of each other, with enums, bitfields and text in them."""

#: verify
#: run: prog(packet=zeros(14)) == 2
#: map: out[0] == 7
#: map: out[1] == 9
#: map: out[2] == 1
#: map: out[3] == 2
#: map: out[4] == 1
#: map: out[5] == 1
#: map: out[6] == 1
#: map: out[7] == 1
#: map: out[8] == 0
#: map: out[9] == 2
#: map: out[10] == 1
#: map: out[11] == 42
#: map: out[12] == 1
#: map: out[13] == 3
#: map: last[2].key.name == "filled"
#: map: last[2].key.op == 2
#: map: last[2].inner[1].b == 9
#: map: last[2].inner[0].a == 2
#: map: last[2].ok == 1
#: map: last[2].data[0] == 0
#: map: stats.len == 1
from ctypes import *
from enum import IntEnum, IntFlag

from pbpf import bits, bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, HashMap, RingBuffer


class Op(IntEnum):
    READ = 1
    WRITE = 2


class Mode(IntFlag):
    A = 1
    B = 2


BOTH = Mode.A | Mode.B


@bpf
@struct
class Key:
    pid: c_uint32
    op: Op
    name: str(16)


@bpf
@struct
class Inner:
    a: c_uint8 = bits(3)
    b: c_uint8 = bits(5)
    big: c_uint64


@bpf
@struct
class Event:
    key: Key
    inner: Inner * 2
    ok: c_bool
    data: bytes(7)


@bpf
@map
def stats() -> HashMap:
    return HashMap(key=Key, value=c_uint64, max_entries=8)


@bpf
@map
def events() -> RingBuffer:
    return RingBuffer(max_entries=4096)


@bpf
@map
def last() -> ArrayMap:
    return ArrayMap(value=Event, max_entries=4)


@bpf
@map
def out() -> ArrayMap:
    return ArrayMap(value=c_uint64, max_entries=16)


@bpf
def fill(e: Event, n: c_uint32):
    e.inner[n % 2].b = 9
    e.key.name = "filled"
    e.ok = True


@bpf
def make(pid: c_uint32) -> Key:
    return Key(pid, Op.WRITE, "made")


@bpf
def same(a: Key, b: Key):
    return a == b


@bpf
@section("xdp")
def prog(ctx):
    k = make(7)
    stats[k] += 3
    stats[Key(7, Op.WRITE, "made")] += 4
    out[0] = stats[k]
    e = Event(key=k)
    fill(e, 1)
    out[1] = e.inner[1].b + e.inner[0].b
    last[2] = e
    v = last[2]
    out[2] = 1 if v == e else 0
    v.inner[0].a += 3
    v.inner[0].a -= 1
    out[3] = v.inner[0].a
    out[4] = 1 if v != e else 0
    if v.key == e.key and same(v.key, e.key) and v.key.name == "filled":
        out[5] = 1
    if Key(1, Op.READ, "x") == Key(1, Op.READ, "x"):
        out[6] = 1
    if Key(1, Op.READ, "x") != Key(2, Op.READ, "x"):
        out[7] = 1
    if e.inner == v.inner:
        out[8] = 1
    events.output(e)
    if k.op == Op.WRITE and k.op != 1:
        out[9] = k.op
    x = y = Key(3, Op.READ, "xy")
    x.name = "xx"
    if x != y and y.name == "xy":
        out[10] = 1
    a, b = Inner(1, 2, 3), Inner(4, 5, 6)
    a, b = b, a
    out[11] = a.a * 10 + b.b
    e.data[0] = 7
    f = e
    f.data[6] = 1
    if f.data != e.data and f.data[0] == e.data[0]:
        out[12] = 1
    out[13] = BOTH
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
