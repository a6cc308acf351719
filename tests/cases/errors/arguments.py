"""Arguments that a parameter cannot take."""

from ctypes import c_int64

from pbpf import bpf, map, section, struct, subprogram
from pbpf.maps import ArrayMap
from vmlinux import struct_iphdr


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
@subprogram(global_=True)
def global_pair(p: Pair):
    return p.a


@bpf
def takes_pair(p: Pair):
    return p.a


@bpf
def nothing():
    pass


@bpf
def number(n: c_int64, p):
    return n


@bpf
@section("xdp")
def prog(ctx):
    takes_pair(Other(a=1))  # error:16: [type-mismatch] "the argument is Other"
    takes_pair(out)  # error:16: [bad-argument] "a map, which cannot be handed over"
    takes_pair(takes_pair)  # error:16: [bad-argument] "a function, which cannot be handed over"
    takes_pair(nothing())  # error:16: [bad-argument] "nothing, which cannot be handed over"
    global_pair(struct_iphdr(ctx.data))  # error:17: [type-mismatch] "the argument is"  # error:17: [type-mismatch] "memory of the program"
    number(p=1, n=Pair())  # error:19: [type-mismatch] "the argument is Pair"
    return 2
