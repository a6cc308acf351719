"""Functions that call themselves, each circle with its calls."""

from ctypes import c_int64, c_uint32

from pbpf import bpf, map, section, struct, subprogram
from pbpf.helper import bpf_loop
from pbpf.maps import ArrayMap
from vmlinux import struct_task_struct


@bpf
def first(a):  # error:5: [recursion] "the calls: first → second → third → first"
    return second(a)


@bpf
def second(a):
    return third(a)


@bpf
def third(a):
    return first(a - 1) if a else 0


@bpf
def itself(n):  # error:5: [recursion] "the calls: itself → itself"
    return itself(n - 1) if n else 0


@bpf
def fine(n):
    return n + 1


@bpf
@section("xdp")
def prog(ctx):
    first(1)
    return fine(1) + fine(2)
