"""What a call cannot pass, what a function that is verified on its own cannot take, and what no function can."""

from ctypes import c_int64, c_uint32

from pbpf import bpf, map, section, struct, subprogram
from pbpf.helper import bpf_loop
from pbpf.maps import ArrayMap
from vmlinux import struct_task_struct


@bpf
@struct
class Pair:
    a: c_int64
    b: c_int64


@bpf
@struct
class Other:
    a: c_int64


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=8)


@bpf
@subprogram(inline=False)
def six(a, b, c, d, e, f):  # error:5: [too-many-parameters] "takes 6 values, and a call passes 5"
    return a + b + c + d + e + f


@bpf
@subprogram(global_=True)
# error:5: [too-many-parameters] "a result that no register holds takes one"
# error:5: [bad-global-function] "cannot give Pair"
def five(a, b, c, d, e) -> Pair:
    return Pair(a=a + b + c + d + e)


@bpf
@subprogram(global_=True)
def of_task(t: struct_task_struct):  # error:13: [bad-global-function] "its parameter `t` cannot be"
    return t.pid


@bpf
@subprogram(global_=True)
def global_pair(p: Pair):
    return p.a


@bpf
def takes_pair(p: Pair):
    return p.a


@bpf
@section("xdp")
def prog(ctx):
    return 2
