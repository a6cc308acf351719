"""Arguments by position and by name, defaults, more of them than a call can pass, and Python's order of evaluation."""

#: verify
#: run: prog(packet=zeros(14)) == 2
#: map: out[0] == 654321
#: map: out[1] == 605321
#: map: out[2] == 45
#: map: out[3] == 54
#: map: out[4] == 3
#: map: out[5] == 107
#: map: out[6] == 21
#: map: out[7] == 12
#: map: out[8] == 1
#: map: out[9] == 0
from ctypes import c_int64, c_uint32

from pbpf import bpf, map, section
from pbpf.maps import ArrayMap

BASE = 100


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=16)


@bpf
def digits(a, b, c, d=4, e=0, f=6):
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f


@bpf
def minus(a, /, b=BASE // 20, *, by=10):
    return a * by + b


@bpf
def twice(v, times=2):
    return v * times


@bpf
def next_of(key: c_uint32):
    """Counts its calls in the map: the order in which arguments are evaluated shows."""
    out[key] += 1
    v = out.lookup(key)
    if v is None:
        return 0
    return v


@bpf
def pair(first, second):
    return 10 * first + second


@bpf
def named(label: str(8) = "ab", on=True, at=None):
    if at is not None:
        return 2
    if label == "ab" and on:
        return 1
    return 0


@bpf
@section("xdp")
def prog(ctx):
    out[0] = digits(1, 2, 3, e=5)
    out[1] = digits(1, 2, d=5, c=3)
    out[2] = minus(4)
    out[3] = minus(5, 4)
    out[5] = minus(1, by=BASE, b=7)
    # 1 and 2 in the order in which they are written, whatever parameter they are for.
    out[6] = pair(second=next_of(4), first=next_of(4))
    out[7] = pair(first=next_of(4) - 2, second=twice(1))
    out[8] = named()
    out[9] = named("ab", False) + named(label="abc") + named(on=0)
    return XDP_PASS


XDP_PASS = 2
