"""Wrong uses of structs, arrays, enums and text."""
#: check
from ctypes import POINTER, Structure, c_double, c_int, c_uint8, c_uint32, c_uint64, cast
from enum import Enum, IntEnum, IntFlag

from pbpf import bits, bpf, bpfglobal, map, section, struct, union
from pbpf.maps import ArrayMap


@bpf
@struct
class Point:
    x: c_int
    y: c_int


@bpf
@struct
class Named:
    name: str(4)
    at: Point


class Unusable(Structure):
    _fields_ = [("a", c_double)]  # error: [bad-type] "a program uses the class here"


class Color(IntEnum):
    RED = 1


class Flag(IntFlag):
    A = 1


class Text(Enum):  # error: [bad-declaration] "a program uses the class here"
    A = "a"


@bpf
@section("xdp")
def prog(ctx):
    p = Point(1, 2, 3)  # error: [wrong-argument-count] "has 2 fields, and 3 values"
    q = Point(1, x=2)  # error: [bad-call] "given twice"
    r = Point(z=2)  # error: [unknown-field] "`z`"
    a = (c_uint8 * 2)(1, 2, 3)  # error: [wrong-argument-count] "2 elements, and 3 values"
    b = (c_uint8 * 2)(x=1)  # error: [bad-call] "no names"
    c = str(4)("x")  # error: [bad-call] "starts empty"
    u = Unusable(1)
    t = Text.A
    color = Color.BLUE  # error: [unknown-name] "no member `BLUE`"
    color = Color(7)  # error: [bad-value] "7 is no member of `Color`"
    flag = Flag(6)
    f = cast(1, c_int)  # error: [bad-type] "POINTER(...)"
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
