"""Versions of different types that meet."""
#: check
from ctypes import c_uint32

from pbpf import bpf, bpfglobal, section, struct
from pbpf.helper import pid


@bpf
@struct
class Pair:
    a: c_uint32


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def meets(ctx):
    x = 1
    if pid() == 1:
        x = Pair()  # error:9: [type-mismatch] "`x` is c_int64 elsewhere, and Pair here"
    print(f"{x}")
    fixed: c_uint32 = 1
    fixed = Pair()  # error:5: [type-mismatch] "cannot hold Pair"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
