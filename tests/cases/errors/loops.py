"""Loops over what cannot be gone over."""
#: check
from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import Queue


@bpf
@bpfglobal
def total() -> c_int64:
    return 0


@bpf
@map
def waiting():
    return Queue(value=c_uint32, max_entries=4)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    global total
    a = (c_uint32 * 4)()
    for i in range(0, 9, 0):  # error:26: [bad-range]
        pass
    for i in range():  # error:14: [wrong-argument-count]
        pass
    for i in range(1, stop=2):  # error:14: [wrong-argument-count]
        pass
    for total in range(4):  # error:9: [unsupported-for] "global"
        pass
    for a[0] in range(4):  # error:9: [unsupported-for] "one name"
        pass
    for i, j in a:  # error:9: [unsupported-for] "one name"
        pass
    for i in enumerate(a):  # error:9: [unsupported-for] "two variables"
        pass
    for i in reversed(range(4)):  # error:14: [unsupported-for] "backwards"
        pass
    for i in "text":  # error:14: [unsupported-for] "gone over"
        pass
    for i in ():  # error:14: [unsupported-for] "1 to 64"
        pass
    for i in waiting:  # error:14: [unsupported-for] "no keys"
        pass
    for i in waiting.items():  # error:14: [unsupported-for] "no keys"
        pass
    if 3 in "text":  # error:13: [unsupported-in]
        pass
    if 3 in range(0, 9, ctx.id):  # error:25: [unsupported-in] "constant"
        pass
    if 1 < 2 in (1, 2):  # error:17: [unsupported-in] "chained"
        pass
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
