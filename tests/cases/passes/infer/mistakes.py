"""Types that do not fit."""
#: check
from ctypes import c_uint32, c_uint64
from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import pid
from pbpf.maps import HashMap, Queue


@bpf
@struct
class Pair:
    a: c_uint64


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@map
def queue():
    return Queue(value=c_uint64, max_entries=4)


@bpf
def one(x: c_uint32):
    return x


@bpf
def again(n):  # error:5: [recursion] "calls itself"
    return again(n - 1)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    x = 1
    if pid() == 1:
        x = "text"  # error:9: [type-mismatch] "use another name"
    reveal_type(x)  # reveal: c_int64
    p = Pair(a="b")  # error:16: [type-mismatch]
    p + 1  # error:5: [type-mismatch] "is no number"
    if p:  # error:8: [type-mismatch] "neither true nor false"
        pass
    p.b = 1  # error:5: [unknown-field]
    p.a.b = 1  # error:5: [unknown-field]
    y = p[0]  # error:9: [type-mismatch] "has no elements"
    z = (c_uint32 * 4)()
    z[4] = 1  # error:7: [index-out-of-range]
    z[-5] = 1  # error:7: [index-out-of-range]
    counts.lookup(p)  # error:19: [type-mismatch]
    one(p)  # error:9: [type-mismatch]
    w = 1 << 64  # error:14: [bad-shift]
    w = 2 ** -1  # error:9: [unsupported-operator]
    if x is None:  # error:8: [type-mismatch] "only a pointer can be `None`"
        pass
    if 1 < "a":  # error:12: [unsupported-comparison]
        pass
    v = 1 if x else p  # error:21: [type-mismatch]
    q = print("a")  # error:5: [no-value]
    print(p)  # error:11: [type-mismatch] "cannot be printed"
    ctx.idd  # error:5: [unknown-field] "did you mean `id`?"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
