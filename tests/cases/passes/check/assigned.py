"""Variables in memory that are read before they have a value."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section, struct


@bpf
@struct
class Pair:
    a: c_uint64
    b: c_uint64


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    if ctx.id:
        p = Pair(a=1)
    print(f"{p.a}")  # error:14: [maybe-unassigned] "`p` may have no value"
    for i in range(4):
        q = Pair(a=i)
    q.a = 2  # error:5: [maybe-unassigned]
    while True:
        r = (c_uint32 * 4)()
        if ctx.id:
            break
    r[1] = 2
    if ctx.id == 7:
        return 0
    else:
        s = Pair()
    s.a += 1
    return s.a + r[1]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
