"""Inner maps have all that maps have: of an array and of a hash of maps, chosen while running."""
#: run: fill(packet=zeros(64)) == XDP_PASS
#: map: small[7] == 12
#: map: large[7] == 30
#: map: large.len == 1
#: run: gone(packet=zeros(64)) == XDP_DROP
#: run: direct(packet=zeros(64)) == XDP_PASS
#: map: small[9] == 4
#: run: structs(packet=zeros(64)) == XDP_PASS
#: map: records[1].count == 8
#: vm: 6.1
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayOfMaps, HashMap, HashOfMaps
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS


@bpf
@struct
class Record:
    key: c_uint32
    count: c_uint64


@bpf
@map
def small():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@map
def large():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@map
def records():
    return HashMap(key=c_uint32, value=Record, max_entries=4)


@bpf
@map
def by_place():
    return ArrayOfMaps(inner=small, max_entries=4, values=[small, None, large])


@bpf
@map
def by_key():
    return HashOfMaps(key=c_uint32, inner=HashMap(key=c_uint32, value=c_uint64, max_entries=16), max_entries=4)


@bpf
@map
def of_records():
    return ArrayOfMaps(inner=records, max_entries=1, values=[records])


@bpf
@section("xdp")
def fill(ctx):
    for place in range(3):
        inner = by_place.lookup(place)
        if inner is None:
            continue
        inner[7] = 10 * (place + 1)
        inner[8] = 1
        if 8 in inner and place == 2:
            del inner[8]
        if inner.get(7, 0) == 10:
            inner[7] += 2
        value = inner.lookup(7)
        if value is None or value < 12:
            return XDP_ABORTED
    return XDP_PASS


@bpf
@section("xdp")
def gone(ctx):
    if 3 in by_key:
        return XDP_ABORTED
    if inner := by_key.lookup(3):
        inner[1] = 1
        return XDP_ABORTED
    if by_place.lookup(1) is None:
        return XDP_DROP
    return XDP_ABORTED


@bpf
@section("xdp")
def direct(ctx):
    by_place[0][9] = 3
    by_place[0][9] += 1
    if by_place[0][9] != 4:
        return XDP_ABORTED
    if by_place[0].update(9, 5, 1) == 0:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@section("xdp")
def structs(ctx):
    inner = of_records[0]
    inner[1] = Record(key=1, count=5)
    record = inner.lookup(1)
    if record is None:
        return XDP_ABORTED
    record.count += 2
    inner[1].count += 1
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
