"""What `in` holds before it compares keeps its type: under C's meaning too."""
#: verify
#: run: f(packet=zeros(64)) == 1
from ctypes import c_int32, c_uint32

from pythonbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def minus() -> c_int32:
    return c_int32(-3)


@bpf
@bpfglobal
def word() -> c_uint32:
    return c_uint32(0xFFFFFFFD)


@bpf
@section("xdp")
def f(ctx):
    x: c_int32 = minus
    return x in (0, word)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
