"""Wrong arguments, defaults and decorators of functions."""

from ctypes import c_int64, c_uint32

from pbpf import bpf, map, section, struct, subprogram
from pbpf.helper import bpf_loop
from pbpf.maps import ArrayMap
from vmlinux import struct_task_struct


FIXED = 3


def user_space():
    return 1


@bpf
@struct
class Pair:
    a: c_int64
    b: c_int64


@bpf
def two(a, b=FIXED):
    return a + b


@bpf
def ways(a, /, b, *, c=1):
    return a + b + c


@bpf
def bad_default(a, b=user_space()):  # error:22: [unsupported-default] "the default of `b` is no constant"
    return a + b


@bpf
def same():
    return 1


@bpf
def same():  # error:5: [duplicate-name] "there are two functions `same`"
    return 2


@bpf
@subprogram(global_=True, inline=True)  # error:27: [bad-declaration] "one of its two words"
def both(a):
    return a


@bpf
@subprogram(fast=True)  # error:13: [bad-declaration] "one of its two words"
def fast(a):
    return a


@bpf
@subprogram(inline=True)  # error:2: [bad-declaration] "`program` is a program"
@section("xdp")
def program(ctx):
    return 2


@bpf
@section("xdp")
def prog(ctx, extra=1):  # warning:15: [ignored-parameter]  # error:21: [unsupported-default] "gives every argument"
    two()  # error:5: [wrong-argument-count] "`two` is called without `a`"
    two(1, 2, 3)  # error:5: [wrong-argument-count] "`two` takes 2 arguments, not 3"
    two(b=1)  # error:5: [wrong-argument-count] "without `a`"
    two(1, c=2)  # error:12: [bad-call] "`two` has no parameter `c`"
    two(1, a=2)  # error:12: [bad-call] "`a` is given twice"
    ways(1, b=2, c=3)
    ways(1, 2, 3)  # error:5: [wrong-argument-count] "takes 2 arguments by position, not 3"
    ways(a=1, b=2)  # error:10: [bad-call] "`ways` takes `a` by position only"
    user_space()  # error:5: [user-space-name]
    return 2
