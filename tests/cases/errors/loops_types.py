"""Loops over what cannot be gone over, by its type."""
#: check
from ctypes import c_uint32

from pbpf import bpf, bpfglobal, section, struct


@bpf
@struct
class Point:
    x: c_uint32


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    p = Point()
    points = (Point * 2)()
    for x in p:  # error:14: [unsupported-for] "Point"
        pass
    for x in ctx.id:  # error:14: [unsupported-for]
        pass
    if 3 in p:  # error:13: [unsupported-in]
        pass
    if 3 in points:  # error:13: [unsupported-in] "numbers"
        pass
    print(sum(p))  # error:11: [type-mismatch] "`sum`"
    print(min(points))  # error:11: [type-mismatch] "`min`"
    print(len(p))  # error:15: [type-mismatch] "length"
    for i in range(p):  # error:20: [type-mismatch]
        pass
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
