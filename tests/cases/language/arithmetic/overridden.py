"""The option decides, not the import."""
#: flags: --arithmetic c
#: verify
#: run: f(packet=zeros(64)) == 1
from ctypes import c_int32, c_uint32

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def minus() -> c_int32:
    return c_int32(-7)


@bpf
@section("xdp")
def f(ctx):
    # A chain is pairs, each with conversions of its own: 1u < (unsigned)-7, and -7 < 0.
    if not c_uint32(1) < minus < 0 or not c_uint32(1) < minus + 0 <= 0:
        return 0
    return minus // 2 + (minus > c_uint32(1)) + 7 / 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
