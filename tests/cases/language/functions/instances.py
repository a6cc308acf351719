"""A parameter takes the type of its argument: structs wherever they lie, arrays, text, pointers that may be None, wide numbers."""

#: verify
#: run: prog(packet=eth/ip(ttl=9)/udp(dport=53)/zeros(20)) == 2
#: map: out[0] == -4
#: map: out[1] == 3
#: map: out[2] == 7
#: map: out[3] == 12
#: map: out[4] == 12
#: map: out[5] == 1
#: map: out[6] == 122
#: map: out[7] == 77
#: map: out[8] == 77
#: map: out[9] == -1
#: map: out[10] == 1
#: map: out[11] == 64
#: map: out[12] == 9
#: map: out[13] == 30
#: map: out[14] == 2
from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap
from vmlinux import XDP_PASS, struct_iphdr


@bpf
@struct
class Point:
    x: c_int64
    y: c_int64


@bpf
@struct
class Line:
    start: Point
    end: Point


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=32)


@bpf
@map
def points():
    return ArrayMap(value=Point, max_entries=4)


@bpf
@bpfglobal
def origin() -> Point:
    return Point()


@bpf
def swapped(p: Point) -> Point:
    return Point(x=p.y, y=p.x)


@bpf
def itself(p):
    return p


@bpf
def norm(p):
    return abs(p.x) + abs(p.y)


@bpf
def move(p, by):
    p.x += by
    p.y += by


@bpf
def total(values: c_uint32 * 4):
    s = 0
    for i in range(4):
        s += values[i]
    return s


@bpf
def fill(values, v):
    for i in range(4):
        values[i] = v


@bpf
def first(text: str(8)):
    if text == "abc":
        return 1
    return text[0]


@bpf
def x_of(p):
    if p is None:
        return -1
    return p.x


@bpf
def is_huge(n):
    return n > 0x7FFFFFFFFFFFFFFF


@bpf
def ttl(ip):
    return ip.ttl


@bpf
def either(a, b, which):
    if which:
        return a
    return b


@bpf
@section("xdp")
def prog(ctx):
    p = Point(x=3, y=-4)
    q = swapped(p)
    out[0] = q.x
    p = swapped(p)
    out[1] = p.y
    out[2] = norm(itself(p))
    values = (c_uint32 * 4)()
    fill(values, 3)
    out[3] = total(values)
    out[4] = total(values)
    out[5] = first("abc")
    out[6] = first("zbc")
    v = points.lookup(1)
    if v is not None:
        v.x = 70
        move(v, 7)
        v.y = 0
        out[7] = norm(v)
    out[8] = x_of(points.lookup(1))
    out[9] = x_of(points.lookup(99))
    out[10] = is_huge(0xFFFFFFFFFFFFFFFF) + is_huge(-1) + is_huge(5)
    if ctx.data + 42 > ctx.data_end:
        return XDP_PASS
    out[11] = ttl(struct_iphdr(ctx.data + 14)) + 55
    out[12] = ttl(struct_iphdr(ctx.data + 14))
    line = Line()
    move(line.end, 10)
    move(origin, 5)
    move(p, 0)
    out[13] = norm(line.end) + norm(origin) + norm(line.start)
    r = either(p, q, p.x > 0)
    out[14] = 2 if r.x == q.x else 3
    return XDP_PASS
