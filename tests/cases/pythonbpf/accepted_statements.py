"""Statements and expressions that PythonBPF has, with its meaning."""
#: verify
#: run: f(packet=zeros(64)) == 2
#: global: total == 5151
#: global: shadow == 7
from ctypes import c_bool, c_byte, c_int, c_int16, c_int32, c_int64, c_long, c_longlong, c_short
from ctypes import c_ubyte, c_uint, c_uint8, c_uint16, c_uint32, c_uint64, c_ulong, c_ushort, c_void_p

from pythonbpf import bpf, bpfglobal, section
from pythonbpf.helper import XDP_PASS


@bpf
@bpfglobal
def total() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def shadow() -> c_int64:
    return c_int64(7)


@bpf
@section("xdp")
def f(ctx: c_void_p) -> c_int64:
    """A docstring."""
    global total
    n: c_int32 = 10
    s = 0
    for i in range(n):
        if i == 3:
            continue
        if i == 8:
            break
        s += i  # 0+1+2+4+5+6+7 = 25
    else:
        s = 1000
    for i in range(2, 5):
        s += i  # 34
    for i in range(10, 0, -5):
        s += i  # 49
    while s < 60:
        s += 1
    else:
        s += 40  # 100
    a, b = 1, 2
    a, b = b, a
    if a == 2 and not b == 2 or False:
        s += 1  # 101
    c = d = 5
    s = s + c - d
    t = 7 / 2 + 7 // 2 + 7 % 4  # 9
    s += t - 9
    s <<= 1
    s >>= 1
    s |= 0
    s &= 0xFFFF
    s ^= 0
    x = c_uint8(1)
    y = c_ushort(2)
    z = c_long(3)
    if x < y and y != z and z >= 3 and x <= 1 and z > y:
        pass
    else:
        s = 0
    flag = c_bool(True)
    if flag is True:
        s *= 50  # 5050
    shadow = 3
    s += s and 98 + shadow  # 5151
    total = s
    if -s == -5151:
        return XDP_PASS
    return c_int64(0)


@bpf
@section("tracepoint/syscalls/sys_enter_getpid")
def no_result(ctx):
    print("nothing")


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def bare(ctx: c_void_p, unused: c_void_p) -> c_int:  # warning:25: [ignored-parameter]
    return


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
