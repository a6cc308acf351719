"""Indices that need no check, and those that do: in map values, on the stack and in packets."""
#: verify
#: vm: 6.12 7.3
#: run: table(packet=count(64)) == 63
#: run: masked(packet=count(64)) == 59
#: run: outside(packet=zeros(64)) == XDP_PASS
#: run: outside(packet=zeros(72)) == XDP_PASS
#: run: remainder(packet=zeros(64)) == 4
#: run: payload(packet=count(64)) == 2016
#: run: payload(packet=count(63)) == XDP_PASS
#: run: steps(packet=count(64)) == 288
#: insns: payload <= 16

from ctypes import c_int64, c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap
from vmlinux import XDP_DROP, XDP_PASS


@bpf
@struct
class Table:
    cells: c_uint32 * 16
    best: c_uint32


@bpf
@struct
class Payload:
    octets: c_uint8 * 64


@bpf
@map
def tables():
    return ArrayMap(key=c_uint32, value=Table, max_entries=1)


@bpf
@section("xdp")
def table(ctx) -> c_int64:
    t = tables.lookup(0)
    if t is None:
        return 0
    for row in range(4):
        for column in range(4):
            t.cells[row * 4 + column] = row ^ column * 3
    best = 0
    for i in range(16):
        if t.cells[i] > t.cells[best]:
            best = i
    s = best * 3
    for i in range(15, -1, -3):
        s += t.cells[i]
    return s


@bpf
@section("xdp")
def masked(ctx) -> c_int64:
    t = Table()
    n = ctx.data_end - ctx.data
    for i in range(20):
        t.cells[(n + i) & 15] = i
        t.cells[n * i % 16] += 1
    return t.cells[n & 15] + t.cells[3] + t.cells[n // 8 & 7]


@bpf
@section("xdp")
def outside(ctx) -> c_int64:
    t = Table()
    n = ctx.data_end - ctx.data
    t.cells[n] = 1
    return XDP_DROP


@bpf
@section("xdp")
def remainder(ctx) -> c_int64:
    t = Table()
    n = ctx.data_end - ctx.data
    at = n % 10
    if at < 16:
        t.cells[at] = at
    return t.cells[n % 12]


@bpf
@section("xdp")
def payload(ctx) -> c_int64:
    data = ctx.data
    if data + 64 > ctx.data_end:
        return XDP_PASS
    p = Payload(data)
    s = 0
    for i in range(64):
        s += p.octets[i]
    return s


@bpf
@section("xdp")
def steps(ctx) -> c_int64:
    offset = 4
    s = 0
    for i in range(9):
        s += Payload(ctx.data + offset).octets[0]
        offset += 7
        if s > 5000:
            break
    return s


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
