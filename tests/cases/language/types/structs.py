"""Structs and unions: every way to declare one, nested, by position and by name, defaults, copies."""

#: verify
#: run: prog(packet=zeros(64)) == 0
#: map: out[0] == 12
#: map: out[1] == 0
#: map: out[2] == 7
#: map: out[3] == 5
#: map: out[4] == 9
#: map: out[5] == 3
#: map: out[6] == 0x01020304
#: map: out[7] == 0x01
#: map: out[8] == 11
#: map: out[9] == 22
#: map: out[10] == 8
#: map: out[11] == 2
#: map: out[12] == 40
#: map: out[13] == 100
#: map: out[14] == 5
#: map: out[15] == 64
#: map: table[1].id == 4
#: map: table[1].point.y == 8
#: map: table[1].flags == 1
import ctypes
from ctypes import POINTER, Structure, Union, c_char, c_int, c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import Ptr, bits, bpf, bpfglobal, map, section, struct, union
from pbpf.maps import ArrayMap, HashMap


@bpf
@struct
class Point:
    x: c_int
    y: c_int = 5


# The plain form of ctypes, without a decorator.
class Inner(Structure):
    _pack_ = 1
    _fields_ = [("tag", c_uint8), ("value", c_uint32)]


class Word(Union):
    _fields_ = [("whole", c_uint32), ("part", c_uint8 * 4)]


@bpf
@union
class Either:
    number: c_uint64
    point: Point


@bpf
@struct
class Entry:
    id: c_uint16
    point: Point
    inner: Inner
    points: Point * 3
    _either: Either
    flags: c_uint8 = bits(3, default=1)
    kind: c_uint8 = bits(5)


class Node(Structure):
    pass


Node._fields_ = [("value", c_uint64), ("next", POINTER(Node))]


class Anonymous(Structure):
    _anonymous_ = ("word",)
    _fields_ = [("before", c_uint32), ("word", Word)]

    def __repr__(self):
        return f"{self.whole:#x}"


@bpf
@struct(packed=True)
class Packed:
    a: c_uint8
    b: c_uint64


@bpf
@struct(align=64)
class Line:
    counter: c_uint64


@bpf
@map
def out() -> ArrayMap:
    return ArrayMap(value=c_uint64, max_entries=32)


@bpf
@map
def table() -> HashMap:
    return HashMap(key=c_uint32, value=Entry, max_entries=8)


@bpf
@section("xdp")
def prog(ctx):
    zero = Point(7, y=5)
    out[0] = zero.x + Point(x=1).y
    out[1] = Point(x=0).x
    moved = zero
    moved.x = 9
    out[2] = zero.x
    e = Entry(4, Point(1, 2), inner=Inner(1, 3), points=(Point * 3)(Point(1, 1), Point(2, 2), Point(9, 9)))
    e.point = Point(6)
    out[3] = e.point.y
    out[4] = e.points[2].x
    out[5] = e.inner.value
    w = Word(whole=0x01020304)
    out[6] = w.whole
    out[7] = w.part[3]
    e.point.x = 11
    e.number = 22
    out[8] = e.point.x
    out[9] = e._either.number
    e.point = Point(7, 8)
    e.points[1] = e.point
    out[10] = e.points[1].y
    out[11] = e.points[0].x + e.flags
    table[1] = e
    v = table.lookup(1)
    if v:
        v.point.x = 40
        again = table[1]
        out[12] = again.point.x
    a = Anonymous()
    a.whole = 100
    out[13] = a.word.whole
    n = Node(5)
    out[14] = n.value
    out[15] = ctypes.sizeof(Line)
    return sizeof(Packed) - 9


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
