"""Loops that are too long or of unknown length are counted by the kernel; iterators are destroyed on every way out."""
#: verify
#: vm: 6.12 7.3
#: run: variable(packet=zeros(64)) == 4950
#: run: large(packet=zeros(64)) == 499500
#: run: downward(packet=zeros(64)) == 5050
#: run: stepped(packet=zeros(64)) == 1683
#: run: both(packet=zeros(64)) == 600
#: run: inside(packet=zeros(64)) == 45000
#: run: leaves_two(packet=zeros(64)) == 1005
#: run: until(packet=zeros(64)) == 4950
#: run: remainder(packet=zeros(64)) == 21
#: run: into_map(packet=zeros(64)) == 120

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
def variable(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 100
    n = numbers[0]
    s = 0
    for i in range(n):
        s += i
    return s


@bpf
@section("xdp")
def large(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 1
    one = numbers[0]
    s = 0
    for i in range(1_000_000):
        s += i % 1000 * one
    return s // 1000


@bpf
@section("xdp")
def downward(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 100
    n = numbers[0]
    s = 0
    for i in range(n, 0, -1):
        s += i
    return s


@bpf
@section("xdp")
def stepped(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 100
    n = numbers[0]
    s = 0
    for i in range(0, n, 3):
        s += i
    return s


@bpf
@section("xdp")
def both(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    n = numbers[0]
    s = 0
    for i in range(n):
        for j in range(i, n):
            if j == i:
                continue
            s += 3
    for i in range(n + 10):
        s += 1
    return s


@bpf
@section("xdp")
def inside(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 1000
    n = numbers[0]
    s = 0
    for i in range(n):
        for j in range(10):
            s += j
    return s


@bpf
@section("xdp")
def leaves_two(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 50
    n = numbers[0]
    for i in range(n):
        for j in range(n):
            if i == 10 and j == 5:
                return i * 100 + j
    return 0


@bpf
@section("xdp")
def until(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 100
    s = 0
    i = 0
    while True:
        if i >= numbers[0]:
            return s
        s += i
        i += 1


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
def into_map(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 16
    n = numbers[0]
    for i in range(n):
        numbers[i] = i
    s = 0
    for i in range(n):
        s += numbers[i]
    return s


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
