"""User space hands memory over, as a struct of the program's, and gets it back."""

#: verify
#: bpftool: no "it pins what it was asked not to load"
#: vm: 6.1 6.12 7.3
#: run: add(ctx=u64[40, 2, 0]) == 42
#: run: swap(ctx=u64[40, 2, 0]) == 2
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section, struct


@bpf
@struct
class Halves:
    low: c_uint32
    high: c_uint32


@bpf
@struct
class Request:
    a: c_uint64
    b: Halves
    sum: c_uint64


@bpf
@section("syscall")
def add(request: Request):
    request.sum = request.a + request.b.low
    return request.sum


# Not loaded by libbpf itself; what is verified are all programs.
@bpf
@section("?syscall")
def swap(request: Request):
    request.a, request.b.low = request.b.low, request.a
    request.b.high += 1
    return request.a


@bpf
@section("syscall")
def nothing(ctx):
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
