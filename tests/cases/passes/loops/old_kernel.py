"""Before iterators, and before the verifier compared variables: limits that are known to be small are walked."""
#: flags: --target-kernel 6.1
#: verify
#: vm: 6.1 6.12 7.3
#: run: masked(packet=zeros(64)) == 190
#: run: smaller(packet=zeros(64)) == 4950
#: run: downward(packet=zeros(64)) == 210
#: run: remainder(packet=zeros(64)) == 21
#: run: between(packet=zeros(64)) == 35

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
def masked(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    n = numbers[0] & 63
    s = 0
    for i in range(n):
        s += i
    return s


@bpf
@section("xdp")
def smaller(ctx: struct_xdp_md) -> c_int64:
    numbers[1] = 1000
    s = 0
    for i in range(min(numbers[1], 100)):
        s += i
    return s


@bpf
@section("xdp")
def downward(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    n = numbers[0] & 63
    s = 0
    for i in range(n, 0, -1):
        s += i
    return s


@bpf
@section("xdp")
def remainder(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 107
    n = numbers[0] % 10
    s = 0
    for i in range(n):
        s += i
    return s


@bpf
@section("xdp")
def between(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 5
    numbers[1] = 10
    a = numbers[0] & 7
    b = numbers[1] & 15
    s = 0
    for i in range(a, b):
        s += i
    return s


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
