"""A name is bound to other types: each version has its own, wherever the ways do not meet."""
#: verify
#: run: run(packet=zeros(64)) == 61
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap


@bpf
@struct
class Pair:
    a: c_uint32
    b: c_uint32


@bpf
@map
def counts():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
def twice(x):
    x = x * 2
    return x


@bpf
@section("xdp")
def run(ctx):
    # A pointer becomes the number behind it.
    v = counts.lookup(1)
    if v is None:
        return 1
    reveal_type(v)  # reveal: pointer to c_uint64 in map_value or None
    v = v + 5
    reveal_type(v)  # reveal: c_uint64
    counts.update(1, v)
    v = counts.lookup(1)
    if v is None:
        return 2
    total = v + 0  # 5
    # A record, then a text, then a number.
    x = Pair(a=3, b=4)
    total += x.a + x.b  # 12
    x = "abc"
    if x == "abc":
        x = True
        total += 1  # 13
    # Versions that meet in a loop stay one.
    n = Pair(a=1)
    n = 0
    while n < 3:
        n += 1
        if n == 2:
            continue
        total += n  # 1 + 3: 17
    # What the loop leaves, by break and by its end.
    for i in range(5):
        last = i
        if i == 3:
            last = 10
            break
    else:
        last = 20
    total += last  # 27
    # Both ways bind it, to the type that the use needs.
    if total > 20:
        y = 7
    else:
        y = 9
    total += y  # 34
    y = Pair(a=6)
    total += y.a  # 40
    # In the operands of a condition.
    if (z := total) > 10 and (z := 1) > 0 and (w := z) == 1:
        total += z + w  # 42
    z = Pair(b=2)
    total += z.b + twice(6) + 5  # 61
    for z in range(2):
        pass
    return total


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
