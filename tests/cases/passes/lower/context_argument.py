"""The context is handed on to a function, which needs it for a helper."""

#: verify
#: run: prog(packet=zeros(64)) == XDP_PASS
from ctypes import c_void_p, c_uint64
from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import PerfEventArray
from vmlinux import XDP_PASS

@bpf
@map
def perf() -> PerfEventArray:
    return PerfEventArray(key_size=4, value_size=4)

@bpf
def tell(ctx: c_void_p, n):
    v = c_uint64(n)
    perf.output(v)
    return 1

@bpf
@section("xdp")
def prog(ctx):
    tell(ctx, 5)
    return XDP_PASS

@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
