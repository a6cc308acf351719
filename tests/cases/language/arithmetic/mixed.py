"""Imports from both packages, and constants that a type cuts."""
#: check
from ctypes import c_int8, c_uint8, c_uint32

from pbpf import bpf, bpfglobal, section
from pythonbpf.helper import pid  # warning:6: [mixed-arithmetic] "numbers have Python's meaning"


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    a = c_uint8(300)  # warning:17: [constant-cut] "keeps 44"
    b: c_int8 = 200  # warning:17: [constant-cut] "keeps -56"
    c = c_uint32(-1)
    d = c_uint32(0x1_0000_0000)  # warning:18: [constant-cut] "keeps 0"
    reveal_type(pid() // 2)  # reveal: c_int64
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
