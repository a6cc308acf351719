"""Hash, array, LRU, LPM and per-CPU maps: what Python writes, and what comes back."""
#: run: hashes(packet=zeros(64)) == XDP_PASS
#: map: counts[1] == 7
#: map: counts[2] == 40
#: map: counts[3] missing
#: map: points[{1:4, 2:4}].total == 11
#: run: results(packet=zeros(64)) == XDP_PASS
#: run: arrays(packet=zeros(64)) == XDP_PASS
#: run: prefixes(packet=zeros(64)) == XDP_PASS
#: run: each_processor(packet=zeros(64)) == XDP_PASS
#: map: each[5] == 9
#: run: each_entry(packet=zeros(64)) == XDP_PASS
from ctypes import c_int16, c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import smp_processor_id
from pbpf.maps import BPF_EXIST, BPF_NOEXIST, ArrayMap, HashMap, LpmTrie, LruHash, PerCpuArray, PerCpuHash
from vmlinux import XDP_ABORTED, XDP_PASS

EEXIST = 17
ENOENT = 2
E2BIG = 7


@bpf
@struct
class Point:
    x: c_uint32
    y: c_uint32


@bpf
@struct
class Sums:
    total: c_uint64
    small: c_uint16
    low: c_int16


@bpf
@struct
class Prefix:
    bits: c_uint32
    address: c_uint8 * 4


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@map
def points():
    return HashMap(key=Point, value=Sums, max_entries=16)


@bpf
@map
def names():
    return LruHash(key=str(16), value=c_uint32, max_entries=16)


@bpf
@map
def slots():
    return ArrayMap(value=c_int16, max_entries=4)


@bpf
@map
def routes():
    return LpmTrie(key=Prefix, value=c_uint32, max_entries=16)


@bpf
@map
def each():
    return PerCpuHash(key=c_uint16, value=c_uint64, max_entries=16)


@bpf
@map
def scratch():
    return PerCpuArray(value=Sums, max_entries=1)


@bpf
@section("xdp")
def hashes(ctx):
    counts[1] = 5
    counts[1] += 2
    counts[2] += 40
    counts[3] = 1
    if 3 in counts and 4 not in counts:
        del counts[3]
    if counts.get(9, 77) != 77 or counts.get(1, 0) != 7:
        return XDP_ABORTED
    sums = points.setdefault(Point(x=1, y=2), Sums(total=1))
    if sums is None:
        return XDP_ABORTED
    sums.total += 3
    points[Point(x=1, y=2)].total += 7
    again = points.setdefault(Point(x=1, y=2), Sums(total=99))
    if again is None or again.total != 11:
        return XDP_ABORTED
    names["systemd"] = 1
    if "systemd" not in names or "init" in names:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@section("xdp")
def results(ctx):
    if counts.update(1, 7, BPF_NOEXIST) != -EEXIST:
        return XDP_ABORTED
    if counts.update(8, 1, flags=BPF_EXIST) != -ENOENT:
        return XDP_ABORTED
    if counts.delete(8) != -ENOENT:
        return XDP_ABORTED
    counts[5] = 5
    counts[6] = 6
    if counts.update(7, 1) != -E2BIG:
        return XDP_ABORTED
    if counts.delete(5) != 0 or counts.delete(6) != 0:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@section("xdp")
def arrays(ctx):
    slots[3] = -4
    slots[3] += 1
    if slots[3] != -3 or slots.lookup(4) is not None:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@section("xdp")
def prefixes(ctx):
    wide = Prefix(bits=8)
    wide.address[0] = 10
    routes[wide] = 1
    narrow = Prefix(bits=24)
    narrow.address[0] = 10
    narrow.address[2] = 5
    routes[narrow] = 2
    asked = Prefix(bits=32)
    asked.address[0] = 10
    asked.address[3] = 9
    if routes[asked] != 1:
        return XDP_ABORTED
    asked.address[2] = 5
    if routes[asked] != 2:
        return XDP_ABORTED
    asked.address[0] = 11
    if asked in routes:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@section("xdp")
def each_processor(ctx):
    each[5] += 9
    here = each.lookup_percpu(5, smp_processor_id())
    if here is None or here != 9:
        return XDP_ABORTED
    sums = scratch[0]
    sums.small += 3
    sums.low -= 3
    if sums.small < 3 or sums.low > -3:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@bpfglobal
def entries() -> c_uint32:
    return c_uint32(0)


@bpf
def add(table, key, value, given: Sums):
    global entries
    entries += given.small
    return 0


@bpf
@section("xdp")
def each_entry(ctx):
    given = Sums(small=3)
    if counts.for_each(add, given) != 2 or entries != 6:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
