"""Operators and assignment: what CPython gives, each operand evaluated once."""

#: verify
#: vm: 6.12
#: run: main(packet=zeros(64)) == 2
from ctypes import c_int8, c_int32, c_int64, c_uint8, c_uint32, sizeof

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, HashMap


@bpf
@struct
class Pair:
    a: c_int32
    b: c_uint8


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=64)


@bpf
@map
def counts():
    return HashMap(key=c_int32, value=c_int64, max_entries=8)


@bpf
@bpfglobal
def calls() -> c_int64:
    return 0


@bpf
@bpfglobal
def seven() -> c_int32:
    return c_int32(7)


@bpf
@bpfglobal
def minus() -> c_int32:
    return c_int32(-3)


@bpf
def count(x: c_int64):
    global calls
    calls += 1
    return x


@bpf
@section("xdp")
def main(ctx):
    global calls
    a = seven
    b = minus
    out[0] = a // b * 1000 + a % b
    out[1] = (a << 5) - (a >> 1) + (a & 6) + (a | 8) + (a ^ 5) + ~a
    out[2] = b ** 3 + a ** 2 + 2 ** 10 + -a
    # Chained comparison: each operand once, and the last only if it is asked for.
    out[3] = (count(1) < count(5) < count(9)) + calls * 10
    calls = 0
    out[4] = (count(5) < count(1) < count(9)) + calls * 10
    calls = 0
    out[5] = (count(3) in (1, count(2), 3, 4)) + calls * 10
    calls = 0
    out[6] = (count(4) in range(0, count(9), 2)) + calls * 10
    out[7] = (a in range(9, 2, -2)) + (a in range(9, 2, -3)) * 10 + (b not in range(a)) * 100
    # `and` and `or` give the operand that decides.
    zero = a - 7
    out[8] = (zero or b) * 100 + (a and 5) * 10 + (zero and 9) + (zero or zero or 4)
    out[9] = a if b > 0 else b if a < 0 else 42
    v = counts.lookup(1)
    out[10] = (v or 5) + 1
    counts[1] = 30
    out[11] = (counts.lookup(1) or 5) + 1
    # Assignment.
    x, y = 1, 2
    x, y = y, x + y
    out[12] = x * 10 + y
    (p, (q, r)), s = (1, (2, 3)), 4
    out[13] = p * 1000 + q * 100 + r * 10 + s
    m = n = a + 1
    out[14] = m + n
    pair = Pair(a=1, b=250)
    pair.a, pair.b = pair.b, pair.a
    out[15] = pair.a * 10 + pair.b
    pair.b += 255
    pair.a -= 300
    pair.a *= b
    out[16] = pair.a * 1000 + pair.b
    few = (c_int8 * 4)()
    few[1] += 5
    few[2], few[3] = few[1], -few[1]
    few[3] <<= 1
    out[17] = few[0] + few[1] * 10 + few[2] * 100 + few[3] * 1000
    out[20] = 9
    out[20] += 3
    out[20] //= 5
    counts[2], counts[3] = 2, 3
    counts[2], counts[3] = counts[3], counts[2]
    out[21] = counts[2] * 10 + counts[3]
    del counts[2]
    out[22] = (2 in counts) + (3 in counts) * 10 + (2 not in counts) * 100
    if (size := a * 2) > 10 and (half := size // 4) > 2:
        out[23] = size * 100 + half
    while (zero := zero + 1) < 5:
        pass
    out[24] = zero
    out[25] = min(a, b, 2) * 100 + max(a, b, 9) + abs(b) * 1000 + sum((a, b, 1)) * 100000
    out[26] = any((zero > 9, b < 0)) + all((a > 0, b > 0)) * 10 + any((0, 0)) * 100 + all((1, a)) * 1000
    out[27] = bool(a) + int(b) + len(few) * 100 + sizeof(pair) * 1000 + sizeof(c_uint32) * 10000
    out[28] = (v is None) + (counts.lookup(3) is not None) * 10
    assert a > 0, "never"
    return 2


#: map: out[0] == -3002
#: map: out[1] == 236
#: map: out[2] == 1039
#: map: out[3] == 31
#: map: out[4] == 20
#: map: out[5] == 21
#: map: out[6] == 21
#: map: out[7] == 101
#: map: out[8] == -246
#: map: out[9] == 42
#: map: out[10] == 6
#: map: out[11] == 31
#: map: out[12] == 23
#: map: out[13] == 1234
#: map: out[14] == 16
#: map: out[15] == 2501
#: map: out[16] == 150000
#: map: out[17] == -9450
#: map: out[20] == 2
#: map: out[21] == 32
#: map: out[22] == 110
#: map: out[23] == 1403
#: map: out[24] == 5
#: map: out[25] == 502709
#: map: out[26] == 1001
#: map: out[27] == 48398
#: map: out[28] == 11


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
