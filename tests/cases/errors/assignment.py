"""Assignments, operators and `:=` that have no meaning."""
#: check
from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap


@bpf
@bpfglobal
def total() -> c_int64:
    return 0


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_int64, max_entries=8)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    global total
    x = ctx.id
    a, b = x  # error:12: [unsupported-unpack]
    a, (b, c) = 1, (2, 3, 4)  # error:8: [wrong-arity] "3 values"
    a, b = c, d = 1, 2  # error:12: [unsupported-unpack] "one row"
    if (total := 5) > x:  # error:9: [bad-assignment] "global"
        pass
    del x  # error:5: [unsupported-delete]
    del counts[1], counts[2]  # error:5: [unsupported-delete]
    y = (1, 2)  # error:9: [unsupported-value]
    print(min())  # error:11: [wrong-argument-count] "`min`"
    print(max(1, 2, key=x))  # error:25: [bad-call] "keywords"
    print(x @ 2)  # error:11: [unsupported-operator]
    print(x / 2)  # error:11: [true-division]
    print(x // 0)  # error:16: [division-by-zero]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
