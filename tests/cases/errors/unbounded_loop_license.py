"""Only for GPL-compatible programs the kernel counts loops."""

from ctypes import c_int64, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap


@bpf
@map
def numbers() -> ArrayMap:
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def variable(ctx) -> c_int64:
    n = numbers[0]
    for i in range(n):  # error:5: [unbounded-loop] "license is compatible with the GPL"
        numbers[1] += i
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def large(ctx) -> c_int64:
    for i in range(1_000_000):  # error:5: [unbounded-loop] "1000000 rounds, which are too many for the verifier"
        numbers[1] += i
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "Proprietary"
