"""Loops of every shape: constant and variable limits, both directions, nested, left early."""
#: verify
#: vm: 6.12 7.3
#: run: constant(packet=zeros(64)) == 45
#: run: stepped(packet=zeros(64)) == 1683
#: run: downward(packet=zeros(64)) == 5050
#: run: masked(packet=zeros(64)) == 190
#: run: smaller(packet=zeros(64)) == 4950
#: run: nested(packet=zeros(64)) == 2025
#: run: early(packet=zeros(64)) == 121
#: run: returns(packet=zeros(64)) == 77
#: run: counting(packet=zeros(64)) == 55
#: run: elements(packet=zeros(64)) == 120
#: run: endless(packet=zeros(64)) == 7

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
def constant(ctx: struct_xdp_md) -> c_int64:
    s = 0
    for i in range(10):
        s += i
    return s


@bpf
@section("xdp")
def stepped(ctx: struct_xdp_md) -> c_int64:
    s = 0
    for i in range(0, 100, 3):
        s += i
    return s


@bpf
@section("xdp")
def downward(ctx: struct_xdp_md) -> c_int64:
    s = 0
    for i in range(100, 0, -1):
        s += i
    return s


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
    n = min(numbers[1], 100)
    s = 0
    i = 0
    while i < n:
        s += i
        i += 1
    return s


@bpf
@section("xdp")
def nested(ctx: struct_xdp_md) -> c_int64:
    s = 0
    for i in range(10):
        for j in range(10):
            s += i * j
    return s


@bpf
@section("xdp")
def early(ctx: struct_xdp_md) -> c_int64:
    s = 0
    for i in range(1000):
        if i % 2 == 0:
            continue
        if i > 22:
            break
        s += i
    return s


@bpf
@section("xdp")
def returns(ctx: struct_xdp_md) -> c_int64:
    numbers[2] = 77
    n = numbers[2] & 127
    for i in range(100):
        if i == n:
            return i
    return 0


@bpf
@section("xdp")
def counting(ctx: struct_xdp_md) -> c_int64:
    i = 0
    s = 0
    while i < 10:
        i += 1
        s += i
    return s


@bpf
@section("xdp")
def elements(ctx: struct_xdp_md) -> c_int64:
    for i in range(16):
        numbers[i] = i
    s = 0
    for i in range(16):
        s += numbers[i]
    return s


@bpf
@section("xdp")
def endless(ctx: struct_xdp_md) -> c_int64:
    i = 0
    while True:
        if i >= 7:
            return i
        i += 1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
