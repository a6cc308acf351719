"""Functions that helpers call back: what they are handed is known from the call."""

#: verify
#: run: prog(packet=zeros(14)) == 2
#: map: out[0] == 45
#: map: out[1] == 10
#: map: out[2] == 3
#: map: out[3] == 4
#: map: out[4] == 60
#: map: out[5] == 6
#: map: out[6] == 3
#: map: out[7] == 30
#: vm: 6.1 6.12
from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_for_each_map_elem, bpf_loop
from pbpf.maps import ArrayMap, HashMap


@bpf
@struct
class Sum:
    total: c_int64
    seen: c_uint32


@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=8)


@bpf
@map
def weights():
    return HashMap(key=c_uint32, value=Sum, max_entries=8)


@bpf
@map
def plain():
    return HashMap(key=c_uint32, value=c_int64, max_entries=8)


@bpf
@bpfglobal
def calls() -> c_int64:
    return 0


@bpf
def add(index, ctx):
    """`ctx` is what was handed over, not the context of the program."""
    ctx.total += index
    ctx.seen += 1
    return 0


@bpf
def count(index, total):
    if index == 3:
        return 1
    total += 1
    return 0


@bpf
def alone(index, nothing):
    global calls
    calls += 1
    return 0


@bpf
def weigh(table, key, value, sum: Sum):
    sum.total += key * value.total
    sum.seen += 1
    value.seen = 1
    return 0


@bpf
def keys(table, key: c_uint32, value: c_int64, sum: Sum):
    sum.total += key
    sum.seen += value
    return 0


@bpf
def twice(n):
    return 2 * n


@bpf
def doubled(index, sum):
    """A function that is called back may call others."""
    sum.total += twice(index)
    return 0


@bpf
@section("xdp")
def prog(ctx):
    s = Sum()
    bpf_loop(10, add, s)
    out[0] = s.total
    out[1] = s.seen
    n = 0
    out[3] = bpf_loop(10, count, n)
    out[2] = n
    weights[10] = Sum(total=2)
    weights[20] = Sum(total=2)
    t = Sum()
    bpf_for_each_map_elem(weights, weigh, t)
    out[4] = t.total
    plain[1] = 1
    plain[5] = 2
    u = Sum()
    bpf_for_each_map_elem(plain, keys, u)
    out[5] = u.total
    bpf_loop(3, alone)
    out[6] = calls
    d = Sum(total=10)
    bpf_loop(5, doubled, d)
    out[7] = d.total
    return 2
