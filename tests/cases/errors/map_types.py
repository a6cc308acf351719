"""Keys and values that are not those of the map, and handles of inner maps that may be none."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayOfMaps, BloomFilter, HashMap, Queue


@bpf
@struct
class Key:
    a: c_uint32
    b: c_uint32


@bpf
@struct
class Other:
    a: c_uint32
    b: c_uint32


@bpf
@map
def by_struct():
    return HashMap(key=Key, value=Key, max_entries=4)


@bpf
@map
def by_number():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@map
def queue():
    return Queue(value=Key, max_entries=4)


@bpf
@map
def seen():
    return BloomFilter(value=Key, max_entries=4)


@bpf
@map
def outer():
    return ArrayOfMaps(inner=by_struct, max_entries=4)


@bpf
@section("xdp")
def main(ctx):
    by_struct[1] = Key(a=1)  # error:15: [type-mismatch] "the key is"
    by_struct[Other(a=1)] = Key(a=1)  # error:15: [type-mismatch] "the key is Other"
    by_struct[Key(a=1)] = 5  # error:27: [type-mismatch]
    by_struct.update(Key(a=1), Other())  # error:32: [type-mismatch] "the value is Other"
    by_number["a"] = 1  # error:15: [type-mismatch]
    by_number[Key()] += 1  # error:15: [type-mismatch]
    if Other() in by_struct:  # error:8: [type-mismatch]
        pass
    del by_number[Key()]  # error:19: [type-mismatch]
    x = by_struct.get(Key(), 0)  # error:9: [type-mismatch] "numbers only"
    if 5 in seen:  # error:8: [type-mismatch] "the value is"
        pass
    inner = outer[0]
    inner[5] = Key()  # error:11: [type-mismatch] "the key is"
    inner[Key()] = 5  # error:20: [type-mismatch]
    by_struct[Key()] += 1  # error:5: [type-mismatch]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
