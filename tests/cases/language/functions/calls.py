"""Functions with early returns, several results, references to structs, calls in calls and in loops."""

#: verify
#: run: prog(packet=zeros(14)) == 2
#: map: out[0] == 10
#: map: out[1] == 1
#: map: out[2] == 5
#: map: out[3] == 21
#: map: out[4] == 9
#: map: out[5] == 0
#: map: out[6] == 285
#: map: out[7] == 3
from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap


@bpf
@struct
class Point:
    x: c_int64
    y: c_int64


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=8)


@bpf
def clamp(v, low, high):
    if v < low:
        return low
    if v > high:
        return high
    return v


@bpf
def norm(p: Point):
    return abs(p.x) + abs(p.y)


@bpf
def scale(p: Point, by):
    """Gives nothing; changes what it is handed."""
    p.x *= by
    p.y *= by


@bpf
def stored(key: c_uint32):
    v = out.lookup(key)
    if v is None:
        return -1
    return v


@bpf
def is_odd(n):
    if n % 2:
        return True
    return False


@bpf
def square(n):
    return n * n


@bpf
def squares(n):
    total = 0
    for i in range(1, n):
        if i > 20:
            break
        total += square(i)
    return total


@bpf
def record(key: c_uint32, v):
    out[key] = clamp(v, 0, 1000)


@bpf
@section("xdp")
def prog(ctx):
    out[0] = clamp(50, 1, 10)
    out[1] = clamp(-50, 1, 10)
    out[2] = clamp(5, 1, 10)
    p = Point(x=3, y=-4)
    scale(p, 3)
    out[3] = norm(p)
    record(4, p.x)
    record(5, p.y)
    out[6] = squares(10)
    out[7] = is_odd(3) + is_odd(4) + stored(1) + is_odd(p.x)
    return XDP_PASS if stored(99) == -1 else XDP_DROP


XDP_DROP = 1
XDP_PASS = 2
