"""Maps, a global variable, and definitions that nothing uses."""

from ctypes import c_int64, c_uint32
from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap, ArrayMap

@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_int64, max_entries=16)

@bpf
@map
def never():
    return HashMap(key=c_uint32, value=c_int64, max_entries=16)

@bpf
@bpfglobal
def total() -> c_int64:
    return 1

@bpf
def helper(k: c_uint32):
    counts[k] += 1

@bpf
def bump(k: c_uint32):
    helper(k)

@bpf
def broken(k):
    return undefined_name

@bpf
@section("xdp")
def prog(ctx):
    return 1
