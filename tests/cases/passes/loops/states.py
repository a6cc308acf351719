"""Loops in which the verifier meets more states than rounds: ranges of what is compared, sums that grow on some ways."""
#: verify
#: vm: 6.12 7.3
#: run: nested(packet=zeros(64)) == 6400
#: run: triple(packet=zeros(64)) == 6900
#: run: single(packet=zeros(64)) == 980
#: run: counted(packet=zeros(64)) == 0
#: run: both(packet=zeros(64)) == 1
#: run: sequence(packet=zeros(64)) == 80
#: run: three(packet=zeros(64)) == 220
#: run: collatz(packet=zeros(64)) == 7
#: run: search(packet=zeros(64)) == 20
#: run: greatest(packet=zeros(64)) == 20

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
def nested(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    x = numbers[0]
    s = 0
    for i in range(100):
        for j in range(100):
            if i >= x and j >= x:
                s += 1
    return s


@bpf
@section("xdp")
def triple(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    x = numbers[0]
    s = 0
    for i in range(30):
        for j in range(30):
            for k in range(30):
                if i + j >= x and k >= x:
                    s += 1
    return s


@bpf
@section("xdp")
def single(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    x = numbers[0]
    s = 0
    for i in range(1000):
        if i >= x:
            s += 1
    return s


@bpf
@section("xdp")
def counted(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    x = numbers[0]
    s = 0
    for i in range(300):
        if x % (i + 2) == 0:
            s += 1
    if s > 10:
        return 1
    return 0


@bpf
@section("xdp")
def both(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    x = numbers[0]
    s = 0
    t = 0
    for i in range(100):
        if x % (i + 2) == 0:
            s += 1
        if x % (i + 3) == 1:
            t += 2
    if s > t:
        return 1
    return 0


@bpf
@section("xdp")
def sequence(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    x = numbers[0]
    s = 0
    for i in range(100):
        if i >= x:
            s += 1
    t = 0
    for i in range(100):
        if t > s:
            t -= 3
        if s > i:
            t += 1
    return t


@bpf
@section("xdp")
def three(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    x = numbers[0]
    y = numbers[1]
    z = numbers[2]
    s = 0
    for i in range(60):
        if i >= x:
            s += 1
        if i >= y:
            s += 1
        if i >= z:
            s += 2
    return s


@bpf
@section("xdp")
def collatz(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    n = numbers[0]
    s = 0
    for i in range(500):
        if n <= 1:
            break
        n = n // 2 if n % 2 == 0 else n * 3 + 1
        s += 1
    return s


@bpf
@section("xdp")
def search(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    n = numbers[0]
    lo = 0
    hi = 1000
    for i in range(64):
        if lo >= hi:
            break
        mid = (lo + hi) >> 1
        if mid < n:
            lo = mid + 1
        else:
            hi = mid
    return lo


@bpf
@section("xdp")
def greatest(ctx: struct_xdp_md) -> c_int64:
    numbers[0] = 20
    best = 0
    at = 0
    for i in range(200):
        v = numbers[i & 15]
        if v > best:
            best = v
            at = i
    return numbers[at & 15]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
