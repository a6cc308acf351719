"""`match` on what a lookup gives, on text, and on fields."""

#: verify
#: run: main(packet=zeros(64)) == 2
from ctypes import c_int32, c_int64, c_uint8

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, HashMap


@bpf
@struct
class Entry:
    kind: c_uint8
    size: c_int32


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=64)


@bpf
@map
def entries():
    return HashMap(key=c_int32, value=Entry, max_entries=8)


@bpf
@map
def counts():
    return HashMap(key=c_int32, value=c_int64, max_entries=8)


@bpf
def size_of_kind(key: c_int32):
    match entries.lookup(key):
        case None:
            return -1
        case e:
            match e.kind:
                case 1 | 2 | 3:
                    return e.size
                case 4:
                    e.size += 1
                    return e.size * 10
    return -2


@bpf
def known(key: c_int32):
    match counts.lookup(key):
        case None:
            return 0
        case 5:
            return 50
        case n:
            return n + 1000


@bpf
@section("xdp")
def main(ctx):
    entries[1] = Entry(kind=2, size=33)
    entries[2] = Entry(kind=4, size=5)
    entries[3] = Entry(kind=9, size=5)
    out[0] = size_of_kind(0)
    out[1] = size_of_kind(1)
    out[2] = size_of_kind(2)
    out[3] = size_of_kind(3)
    counts[1] = 5
    counts[2] = 6
    out[4] = known(0)
    out[5] = known(1)
    out[6] = known(2)
    name: str(8) = "eth0"
    match name:
        case "lo":
            out[7] = 1
        case "eth0" | "eth1":
            out[7] = 2
        case _:
            out[7] = 3
    return 2


#: map: out[0] == -1
#: map: out[1] == 33
#: map: out[2] == 60
#: map: out[3] == -2
#: map: out[4] == 0
#: map: out[5] == 50
#: map: out[6] == 1006
#: map: out[7] == 2
#: map: entries[2].size == 6


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
