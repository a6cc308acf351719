"""Loops around a loop that the kernel counts: their counters would be forgotten, and their iterators must be destroyed."""
#: verify
#: set: limit=1
#: run: left(packet=zeros(64)) == XDP_PASS
#: global: rounds == 36
#: run: started(packet=zeros(64)) == XDP_PASS
#: global: rounds == 40
#: vm: 6.12 7.3

from ctypes import c_int32, c_uint64

from vmlinux import XDP_PASS

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def limit() -> c_int32:
    return 0


@bpf
@bpfglobal
def rounds() -> c_uint64:
    return 0


@bpf
def inner(bit):
    global rounds
    outer_round = 0
    while outer_round < 6:
        outer_round += 1
        inner_round = 0
        while inner_round < 3 and (bit or limit):
            inner_round += 1
            for i in range(limit, 2):
                rounds += 1
                if i > 5:
                    return 1
    return 0


@bpf
@section("xdp")
def left(ctx):
    for i in range(0, 2):
        for j in range(1, 0, -1):
            inner(i & j)
    return XDP_PASS


@bpf
@section("xdp")
def started(ctx):
    global rounds
    for i in range((limit // 33) & 7, 8, 2):
        for j in range(limit, 2):
            rounds += 1
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
