"""Loops of which nothing shows that they end."""

from ctypes import c_int64, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap


@bpf
@map
def numbers() -> ArrayMap:
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def halves(ctx) -> c_int64:
    n = numbers[0]
    while n != 1:  # error:11: [unbounded-loop] "nothing shows that this loop ends"
        n = n // 2
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def ever(ctx) -> c_int64:
    n = 0
    while True:
        n += 1  # error:14: [unbounded-loop] "for _ in range(64):"
        numbers[2] = n


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def forever(ctx) -> c_int64:
    for i in range(10_000_000):  # error:5: [unbounded-loop] "10000000 rounds"
        numbers[1] += i
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
