"""`range` with constant and variable bounds and steps of either sign; `else`, `break`, `continue`."""

#: verify
#: run: main(packet=zeros(64)) == 2
from ctypes import c_int32, c_int64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=64)


@bpf
@bpfglobal
def low() -> c_int32:
    return c_int32(-3)


@bpf
@bpfglobal
def high() -> c_int32:
    return c_int32(9)


@bpf
@bpfglobal
def step() -> c_int32:
    return c_int32(4)


@bpf
@bpfglobal
def back() -> c_int32:
    return c_int32(-5)


@bpf
@bpfglobal
def zero() -> c_int32:
    return c_int32(0)


@bpf
@section("xdp")
def main(ctx):
    n = 0
    for i in range(low, high):
        n = n * 2 + i
    out[0] = n
    n = 0
    for i in range(high, low, -2):
        n = n * 2 + i
    out[1] = n
    n = 0
    for i in range(low, high, step):
        n = n * 10 + i
    out[2] = n
    n = 0
    for i in range(high, low, back):
        n = n * 10 + i
    out[3] = n
    n = 7
    for i in range(low, high, zero):
        n = 0
    out[4] = n
    n = 0
    for i in range(high, low, step):
        n += 1
    for i in range(low, high, back):
        n += 1
    for i in range(high, high, step):
        n += 1
    else:
        n += 100
    out[5] = n
    # The bounds are evaluated once, and the variable is not the counter.
    i, end = 0, 5
    n = 0
    for i in range(end):
        end = 100
        i = i * 10
        n += i
    out[6] = n
    out[7] = i
    n = 0
    for i in range(20):
        if i % 3 == 0:
            continue
        if i == 11:
            break
        n += i
    else:
        n = -1
    out[8] = n
    n = 0
    while n < 10:
        n += 3
    else:
        n += 1000
    out[9] = n
    n = 0
    while True:
        n += 1
        if n == 6:
            break
    else:
        n = -1
    out[10] = n
    # Of nested loops `break` leaves the inner one.
    n = 0
    for i in range(5):
        for j in range(5):
            if j > i:
                break
            n += 1
    out[11] = n
    for i in range(0):
        n = 0
    out[12] = n
    return 2


#: map: out[0] == -8202
#: map: out[1] == 453
#: map: out[2] == -285
#: map: out[3] == 939
#: map: out[4] == 7
#: map: out[5] == 100
#: map: out[6] == 100
#: map: out[7] == 40
#: map: out[8] == 37
#: map: out[9] == 1012
#: map: out[10] == 6
#: map: out[11] == 15
#: map: out[12] == 15


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
