"""A pointer handed to a function that takes another kind of pointer."""

from ctypes import c_void_p
from pbpf import bpf, section
from vmlinux import XDP_PASS
@bpf
def sub(c: c_void_p):
    return 1
@bpf
@section("xdp")
def prog(ctx):
    return sub(ctx)  # error: [type-mismatch] "points to the context"
