"""Counters and a limit in global variables."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section
from vmlinux import XDP_DROP, XDP_PASS


@bpf
@bpfglobal
def packets() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def octets() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def largest() -> c_uint32:
    return c_uint32(0)


@bpf
@section("xdp")
def prog(ctx):
    global packets, octets, largest
    n = ctx.data_end - ctx.data
    packets += 1
    octets += n
    if n > largest:
        largest = n
    return XDP_DROP if packets % 4 == 3 else XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
