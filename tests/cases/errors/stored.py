"""Values that do not fit where they are stored."""
#: check
from ctypes import c_int, c_uint8

from pbpf import bpf, bpfglobal, section, struct


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


@bpf
@section("xdp")
def prog(ctx):
    s = Point(x="text")  # error:17: [type-mismatch] "the x is"
    n = Named("longer", Point(1, 2))  # warning:15: [text-cut] "needs 7 bytes with its NUL; str(4) has 4"
    n.name = "four"  # warning:14: [text-cut]
    n.at = n  # error:12: [type-mismatch]
    n.at.z = 1  # error:5: [unknown-field] "no field `z`"
    d = (c_uint8 * 4)()
    d[4] = 1  # error:7: [index-out-of-range]
    d[-5] = 1  # error:7: [index-out-of-range]
    e = len(n)  # error:13: [type-mismatch] "has no length"
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
