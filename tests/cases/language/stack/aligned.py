"""Elements of small arrays at numbers that a mask bounds: adding is not done by `or`."""
#: run: bytes_(packet=zeros(67)) == 10
#: run: nested(packet=zeros(65)) == 5
#: vm: 6.1 6.12 7.3
from ctypes import c_uint8, c_uint32

from pbpf import bpf, section, struct
from vmlinux import struct_xdp_md


@bpf
@struct
class Pair:
    a: c_uint32
    b: c_uint8 * 3


@bpf
@section("xdp")
def bytes_(ctx: struct_xdp_md):
    a = (c_uint8 * 8)(1, 2, 3)
    n = (ctx.data_end - ctx.data) & 7
    a[n] = 7
    m = (ctx.data_end - ctx.data) & 1
    a[m * 2] += 0
    return a[n] + a[2]


@bpf
@section("xdp")
def nested(ctx: struct_xdp_md):
    pairs = (Pair * 2)(Pair(1, (1, 2, 3)), Pair(2, (4, 5, 6)))
    n = (ctx.data_end - ctx.data) % 2
    return pairs[n].b[n]
