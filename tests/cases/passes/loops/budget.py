"""Long loops up to what is left to the verifier, and past it; loops in subprograms."""
#: verify
#: vm: 6.12 7.3
#: run: long(packet=zeros(64)) == 3
#: run: undecided(packet=zeros(64)) == 1300
#: run: inner(packet=zeros(64)) == 9500
#: run: calls(packet=zeros(64)) == 4500

from ctypes import c_int64, c_uint32, c_uint64

from vmlinux import struct_xdp_md

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap


@bpf
@map
def numbers() -> ArrayMap:
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@section("xdp")
def long(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 1
    x = numbers[0]
    for i in range(9000):
        x = (x ^ i) * 5 + 7
    return x % 2 + 2


@bpf
@section("xdp")
def undecided(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 5
    x = numbers[0]
    s = 0
    for i in range(3900):
        if (x + i) % 3 == 0:
            s += 1
    return s


@bpf
@section("xdp")
def inner(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    n = numbers[0]
    s = 0
    for i in range(50):
        for j in range(n):
            s += j
    return s


@bpf
def total(n: c_int64) -> c_int64:
    s = 0
    for i in range(n):
        s += i
    return s


@bpf
@section("xdp")
def calls(ctx: struct_xdp_md) -> c_int64:
    s = 0
    for i in range(100):
        s += total(10)
    return s


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
