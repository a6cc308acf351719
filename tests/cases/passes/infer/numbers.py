"""The type of a variable is that of all that is assigned to it."""
#: check
from ctypes import c_int8, c_int32, c_uint8, c_uint32, c_uint64
from pbpf import bpf, bpfglobal, section
from pbpf.helper import ktime, pid


@bpf
def mixed(a, b: c_uint8):
    reveal_type(a)  # reveal: c_int64
    reveal_type(b)  # reveal: c_uint8
    return a + b


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    reveal_type(1)  # reveal: c_int64
    reveal_type(True)  # reveal: bool
    reveal_type("abc")  # reveal: str(4)
    reveal_type(c_int8(1))  # reveal: c_int8
    reveal_type(0xFFFF_FFFF_FFFF_FFFF)  # reveal: c_uint64
    reveal_type(ktime())  # reveal: c_uint64
    reveal_type(pid())  # reveal: c_uint32
    small: c_uint8 = 200
    reveal_type(small)  # reveal: c_uint8
    reveal_type(small + 1)  # reveal: c_int64
    reveal_type(ktime() + 1)  # reveal: c_uint64
    reveal_type(ktime() > 1)  # reveal: bool
    reveal_type(mixed(1, 2))  # reveal: c_int64
    x = 0
    if small:
        x = ktime()
    reveal_type(x)  # reveal: c_uint64
    x = 0
    reveal_type(x)  # reveal: c_int64
    y = 0
    reveal_type(y)  # reveal: c_int64
    y = -1
    z = (c_uint32 * 4)()
    reveal_type(z)  # reveal: c_uint32 * 4
    reveal_type(z[1])  # reveal: c_uint32
    reveal_type(str(8))  # reveal: str(8)
    reveal_type(min(1, pid()))  # reveal: c_uint64
    reveal_type(abs(-3))  # reveal: c_int64
    reveal_type(1 if x else pid())  # reveal: c_uint64
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
