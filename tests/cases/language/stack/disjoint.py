"""Buffers in branches of which one is taken share their place: 640 bytes in 128."""

#: verify
#: run: prog(packet=zeros(60)) == 2
#: map: out[0] == 6
#: map: out[1] == 63
from ctypes import c_int64, c_uint8

from pbpf import bpf, map, section
from pbpf.maps import ArrayMap


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=8)


@bpf
def last(values):
    return values[127]


@bpf
@section("xdp")
def prog(ctx):
    which = (ctx.data_end - ctx.data) % 5
    if which == 0:
        a = (c_uint8 * 128)()
        a[127] = 5
        a[which] += 1
        r = last(a) + a[0]
    elif which == 1:
        b = (c_uint8 * 128)()
        b[127] = 6
        r = last(b)
    elif which == 2:
        c = (c_uint8 * 128)()
        c[127] = 7
        r = last(c)
    elif which == 3:
        d = (c_uint8 * 128)()
        d[127] = 8
        r = last(d)
    else:
        e = (c_uint8 * 128)()
        e[127] = 9
        r = last(e)
    out[0] = r
    total = 0
    for i in range(3):
        f = (c_uint8 * 128)()
        f[i] = 21
        total += f[i]
    out[1] = total
    return 2
