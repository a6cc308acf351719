"""`for` over arrays, local, global, in records and behind pointers, and over tuples."""

#: verify
#: vm: 6.1 6.12
#: run: main(packet=zeros(64)) == 2
from ctypes import c_int8, c_int32, c_int64, c_uint16, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, HashMap


@bpf
@struct
class Point:
    x: c_int32
    y: c_int32


@bpf
@struct
class Shape:
    count: c_uint32
    weights: c_int8 * 5
    points: Point * 3


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=64)


@bpf
@map
def shapes():
    return HashMap(key=c_uint32, value=Shape, max_entries=8)


@bpf
@bpfglobal
def table() -> c_uint16 * 8:
    return (c_uint16 * 8)()


@bpf
@bpfglobal
def shape() -> Shape:
    return Shape()


@bpf
@bpfglobal
def two() -> c_int32:
    return c_int32(2)


@bpf
@section("xdp")
def main(ctx):
    local = (c_int32 * 4)()
    for i in range(4):
        local[i] = i * i - 1
    n = 0
    for x in local:
        n = n * 100 + x
    out[0] = n
    for i in range(8):
        table[i] = i + 5
    n = 0
    for i, x in enumerate(table):
        if x == 8:
            continue
        if i == 6:
            break
        n += i * x
    else:
        n = -1
    out[1] = n
    # Numbers are copied: assigning the variable leaves the array as it is.
    for x in table:
        x = 0
    out[2] = table[7]
    # Records are pointed to: assigning a field changes the element.
    for p in shape.points:
        p.x = 7
        p.y += two
    out[3] = shape.points[0].x + shape.points[1].x + shape.points[2].x
    out[4] = shape.points[2].y
    made = Shape(count=3)
    for i in range(5):
        made.weights[i] = i - 2
    for i, p in enumerate(made.points):
        p.x = i
        p.y = i * 10
    shapes[1] = made
    found = shapes.lookup(1)
    if found is None:
        return 1
    n = 0
    for w in found.weights:
        n += w * w
    for p in found.points:
        n += p.x * 1000 + p.y * 100
        p.y = -1
    out[5] = n
    again = shapes.lookup(1)
    if again is None:
        return 1
    out[6] = again.points[1].y
    n = 0
    for x in (3, 1, two, two * 100, -4):
        n = n * 2 + x
    out[7] = n
    n = 0
    for i, p in enumerate((made.points[0], made.points[2])):
        n += p.x + i
        p.x = 50
    out[8] = n
    out[9] = made.points[0].x + made.points[2].x
    # The tuple is made before the first round.
    a = 1
    n = 0
    for x in (a, a + 1, a + 2):
        a = 100
        n += x
    out[10] = n
    out[11] = sum(table) + min(local) * 1000 + max(local) * 10000
    out[12] = any(local)
    out[13] = all(local)
    out[14] = len(table) + len(made.points) * 100 + sizeof(made) * 1000 + sizeof(Point) * 1000000
    out[15] = (3 in local) + (4 in local) * 10 + (4 not in local) * 100 + (two + 1 in local) * 1000
    return 2


#: map: out[0] == -999692
#: map: out[1] == 106
#: map: out[2] == 12
#: map: out[3] == 21
#: map: out[4] == 2
#: map: out[5] == 6010
#: map: out[6] == -1
#: map: out[7] == 460
#: map: out[8] == 3
#: map: out[9] == 100
#: map: out[10] == 6
#: map: out[11] == 79068
#: map: out[12] == 1
#: map: out[13] == 0
#: map: out[14] == 8036308
#: map: out[15] == 1101


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
