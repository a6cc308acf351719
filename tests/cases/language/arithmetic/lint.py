"""The lint tells where Python's arithmetic and C's may differ."""
#: flags: --lint arithmetic
#: check
from ctypes import c_int32, c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import ktime, pid


@bpf
@bpfglobal
def a() -> c_int32:
    return c_int32(-7)


@bpf
@bpfglobal
def start() -> c_uint64:
    return c_uint64(0)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    x = a // 2  # warning:9: [arithmetic-differs] "towards zero"
    x = a % 2  # warning:9: [arithmetic-differs] "towards zero"
    x = pid() // 2
    x = ktime() - start  # warning:9: [arithmetic-differs] "wraps"
    x = pid() * 2  # warning:9: [arithmetic-differs] "32 bits"
    x = ktime() + 1
    if a < start:  # warning:12: [arithmetic-differs] "by value"
        pass
    if a < 3 and start > 2 and pid() < 10:
        pass
    x = a & start  # warning:9: [arithmetic-differs] "large unsigned"
    x -= 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
