"""`for` over maps: keys, values, items; `break`, `continue`, `else`, `return`, and locals in and out."""

#: verify
#: vm: 6.1 6.12
#: run: main(packet=zeros(64)) == 2
from ctypes import c_int32, c_int64, c_uint8, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, HashMap, LruHash


@bpf
@struct
class Key:
    a: c_uint32
    b: c_uint8


@bpf
@struct
class Flow:
    size: c_int64
    seen: c_uint32


@bpf
@map
def counts():
    return HashMap(key=c_int32, value=c_int64, max_entries=64)


@bpf
@map
def flows():
    return LruHash(key=Key, value=Flow, max_entries=64)


@bpf
@map
def table():
    return ArrayMap(key=c_uint32, value=c_uint32, max_entries=8)


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=64)


@bpf
def smallest(above: c_int64):
    best = -1
    for k, v in counts.items():
        if v <= above:
            continue
        if best < 0 or v < best:
            best = v
    return best


@bpf
def find(value: c_int64):
    for k, v in counts.items():
        if v == value:
            return k
    return -1


@bpf
def stops(limit: c_int32):
    n = 0
    for k in counts:
        n += 1
        if n == limit:
            break
    else:
        n += 1000
    return n


@bpf
@section("xdp")
def main(ctx):
    for i in range(10):
        counts[i] = i * i
    total, keys = 0, 0
    for k, v in counts.items():
        total += v
        keys += k
    out[0] = total
    out[1] = keys
    out[2] = smallest(10)
    out[3] = find(49)
    out[4] = find(50)
    out[5] = stops(4)
    out[6] = stops(100)
    # Entries may go while the loop is at them.
    for k, v in counts.items():
        if k % 2 == 1:
            del counts[k]
    n = 0
    for k in counts.keys():
        n += k
    out[7] = n
    # Records are pointed to; keys are copies.
    for i in range(3):
        flows[Key(a=i, b=i + 1)] = Flow(size=i * 10)
    for k, f in flows.items():
        f.seen = k.a + k.b
        k.a = 100
    n = 0
    for f in flows.values():
        n += f.seen * 1000 + f.size
    out[8] = n
    for i, x in enumerate((5, 6, 7)):
        table[i] = x
    n = 0
    for i, v in table.items():
        n += i * v
    out[9] = n
    for v in table.values():
        if v == 6:
            out[10] = v
            break
    # Loops in loops, an array of this function in both.
    found = (c_int32 * 4)()
    at = 0
    for k in counts:
        for j, v in table.items():
            if v == 0:
                break
            if k == 4 and at < 4:
                found[at] = v + k
                at += 1
    out[11] = found[0] * 10000 + found[1] * 100 + found[2]
    # Sizes of the packet and pointers into it go along.
    data, end = ctx.data, ctx.data_end
    n = 0
    for k in counts:
        if data + 14 > end:
            return 1
        n += end - data
    out[12] = n
    # A body that always leaves.
    first = -1
    for k, v in counts.items():
        first = v % 2
        break
    out[13] = first
    return 2


#: map: out[0] == 285
#: map: out[1] == 45
#: map: out[2] == 16
#: map: out[3] == 7
#: map: out[4] == -1
#: map: out[5] == 4
#: map: out[6] == 1010
#: map: out[7] == 20
#: map: out[8] == 9030
#: map: out[9] == 20
#: map: out[10] == 6
#: map: out[11] == 91011
#: map: out[12] == 320
#: map: out[13] == 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
