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
    _fields_ = [("a", c_double)]  # error:23: [bad-type] "a program uses the class here"


class Color(IntEnum):
    RED = 1


class Flag(IntFlag):
    A = 1


class Text(Enum):  # error:12: [bad-declaration] "a program uses the class here"
    A = "a"


@bpf
@section("xdp")
def prog(ctx):
    p = Point(1, 2, 3)  # error:21: [wrong-argument-count] "has 2 fields, and 3 values"
    q = Point(1, x=2)  # error:18: [bad-call] "given twice"
    r = Point(z=2)  # error:15: [unknown-field] "`z`"
    a = (c_uint8 * 2)(1, 2, 3)  # error:29: [wrong-argument-count] "2 elements, and 3 values"
    b = (c_uint8 * 2)(x=1)  # error:25: [bad-call] "no names"
    c = str(4)("x")  # error:9: [bad-call] "starts empty"
    u = Unusable(1)
    t = Text.A
    color = Color.BLUE  # error:19: [unknown-name] "no member `BLUE`"
    color = Color(7)  # error:19: [bad-value] "7 is no member of `Color`"
    flag = Flag(6)
    f = cast(1, c_int)  # error:9: [bad-type] "POINTER(...)"
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
