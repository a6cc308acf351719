"""Global variables with initial values of every kind, in every section, set and read."""
#: set: limit=300
#: set: name=changed
#: set: enabled=true
#: set: offset=-7
#: verify
#: global: small == -5
#: global: computed == 20
#: run: check(packet=zeros(64)) == XDP_PASS
#: global: hits == 3
#: global: own == 12
#: global: origin.x == 2
#: global: table.1 == 8
#: run: configured(packet=zeros(64)) == XDP_TX
#: bpftool: no "its libbpf knows no .bss.NAME"
from ctypes import c_bool, c_int16, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX

K = 5


@bpf
@struct
class Point:
    x: c_int32 = 1
    y: c_int16


@bpf
@struct
class Shape:
    corners: Point * 2
    name: str(8)
    kind: c_uint8


@bpf
@bpfglobal
def small() -> c_int64:
    return c_int64(-5)


@bpf
@bpfglobal
def computed() -> c_uint64:
    return c_uint64(K * 4)


@bpf
@bpfglobal
def wide() -> c_uint64:
    return 0xFFFFFFFFFFFFFFFF


@bpf
@bpfglobal
def byte() -> c_uint8:
    return 200


@bpf
@bpfglobal
def flag() -> c_bool:
    return True


@bpf
@bpfglobal
def origin() -> Point:
    return Point(y=-3)


@bpf
@bpfglobal
def shape() -> Shape:
    return Shape(corners=[Point(5, 6), Point()], name="square", kind=K)


@bpf
@bpfglobal
def table() -> c_uint16 * 4:
    return [1, 2, K]


@bpf
@bpfglobal
def called() -> c_int32 * 3:
    return (c_int32 * 3)(7, -8)


@bpf
@bpfglobal
def raw() -> bytes(4):
    return b"\x01\xff"


@bpf
@bpfglobal
def text() -> str(16):
    return "hello"


@bpf
@bpfglobal
def hits():
    return 0


@bpf
@bpfglobal(section=".data.own")
def own() -> c_uint32:
    return 11


@bpf
@bpfglobal(section=".bss.empty")
def empty() -> c_uint64 * 8:
    return (c_uint64 * 8)()


@bpf
@bpfglobal(const=True)
def limit() -> c_uint32:
    return 100


@bpf
@bpfglobal(const=True)
def offset() -> c_int16:
    return 0


@bpf
@bpfglobal(const=True)
def enabled() -> c_bool:
    return False


@bpf
@bpfglobal(const=True)
def name() -> str(16):
    return "plain"


@bpf
@bpfglobal(const=True, section=".rodata.other")
def other() -> c_uint64:
    return 9


@bpf
@section("xdp")
def check(ctx):
    global hits, own
    if small != -5 or computed != 20 or wide != 0xFFFFFFFFFFFFFFFF or byte != 200 or not flag:
        return XDP_ABORTED
    if origin.x != 1 or origin.y != -3:
        return XDP_ABORTED
    if shape.corners[0].x != 5 or shape.corners[0].y != 6 or shape.corners[1].x != 1 or shape.kind != 5:
        return XDP_DROP
    if shape.name != "square" or text != "hello":
        return XDP_DROP
    if table[0] != 1 or table[2] != 5 or table[3] != 0 or called[1] != -8 or raw[1] != 255:
        return XDP_DROP
    hits += 3
    own += 1
    origin.x += 1
    table[1] += 6
    empty[3] = 4
    return XDP_PASS


@bpf
@section("xdp")
def configured(ctx):
    if limit == 300 and offset == -7 and enabled and name == "changed" and other == 9:
        return XDP_TX
    return XDP_ABORTED


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
