"""Functions that do not fit the helper that calls them back."""

from ctypes import c_int64, c_uint32

from pbpf import bpf, map, section, struct, subprogram
from pbpf.helper import bpf_loop
from pbpf.maps import ArrayMap
from vmlinux import struct_task_struct


@bpf
def each(index, total, more):
    return 0


@bpf
def nothing():
    pass


@bpf
def high(index, total):
    return 2  # error:12: [return-out-of-range] "callbacks of `bpf_loop` return 0 to 1"


@bpf
@section("xdp")
def prog(ctx):
    n = 0
    bpf_loop(3, each, n)  # error:17: [wrong-argument-type] "calls `each` with 2 arguments, and it takes 3"
    bpf_loop(3, high, n)
    bpf_loop(3, prog, n)  # error:17: [bad-call] "only the kernel calls"
    bpf_loop(3, 7, n)  # error:17: [wrong-argument-type]
    return 2
