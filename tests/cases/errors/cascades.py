"""A wrong declaration is told once, where it is; uses of its name say nothing more."""
#: check
from ctypes import c_uint32
from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_ktime_get_nss  # error:25: [unknown-helper] "did you mean `bpf_ktime_get_ns`?"
from pbpf.maps import HashMap


@bpf
@map
def counts():  # error:5: [bad-map] "needs `value`"
    return HashMap(key=c_uint32, max_entries=4)  # no value



@bpf
@struct
class Pair:
    a: number  # error:8: [unknown-type]


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    counts[1] = bpf_ktime_get_nss()
    p = Pair(a=1)
    return counts.lookup(1)


@bpf
@section("nothing/at/all")  # error:10: [unknown-section]
def g(ctx):
    return f


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
