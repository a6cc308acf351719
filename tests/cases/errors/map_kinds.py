"""What the kinds of maps do not take: each is told at the argument."""
#: check
from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import (
    BPF_F_MMAPABLE, BPF_F_NO_PREALLOC, ArrayMap, ArrayOfMaps, BloomFilter, DevMap, HashMap, LpmTrie, LruHash,
    PerCpuArray, PerCpuHash, ProgArray, Queue, RingBuffer, StackTrace, TaskStorage,
)
from pbpf.maps import Rhash  # error:23: [unknown-name]


@bpf
@struct
class Bits:
    bits: c_uint32
    data: c_uint8 * 4


@bpf
@struct
class Big:
    data: c_uint64 * 5000


@bpf
@map
def flags():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=1, map_flags=BPF_F_MMAPABLE)  # error:75: [bad-map] "BPF_F_NO_PREALLOC"


@bpf
@map
def no_prealloc():
    return LruHash(c_uint32, c_uint64, 1, flags=BPF_F_NO_PREALLOC)  # error:49: [bad-map] "`LruHash` has no flag 0x1"


@bpf
@map
def node():
    return PerCpuArray(value=c_uint64, max_entries=1, numa_node=0)  # error:65: [bad-map] "no flag 0x4"


@bpf
@map
def key_of_queue():
    return Queue(key=c_uint32, value=c_uint64, max_entries=1)  # error:22: [bad-map] "has no keys"


@bpf
@map
def array_key():
    return ArrayMap(key=Bits, value=c_uint64, max_entries=1)  # error:25: [bad-map] "is a number"


@bpf
@map
def prefix():
    return LpmTrie(key=c_uint32, value=c_uint64, max_entries=1)  # error:24: [bad-map] "is a prefix"


@bpf
@map
def large():
    return PerCpuHash(key=c_uint32, value=Big, max_entries=1)  # error:43: [bad-map] "at most 32768 bytes"


@bpf
@map
def device():
    return DevMap(value=c_uint16, max_entries=1)  # error:25: [bad-map] "4 or 8 bytes"


@bpf
@map
def stacks():
    return StackTrace(value=c_uint64 * 128, max_entries=1)  # error:29: [bad-map] "127 at most"


@bpf
@map
def hashes():
    return BloomFilter(value=c_uint32, max_entries=1, map_extra=16)  # error:65: [bad-map] "from 0 to 15"


@bpf
@map
def extra():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=1, map_extra=1)  # error:75: [bad-map] "has none"


@bpf
@map
def storage():
    return TaskStorage(value=c_uint64, max_entries=5)  # error:52: [bad-map] "for each object"


@bpf
@map
def bytes_of_ring():
    return RingBuffer(value=c_uint64, max_entries=4096)  # error:29: [bad-map] "no values of one type"


@bpf
@map
def pinned():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=1, pinning=2)  # error:73: [bad-map] "by its name"


@bpf
@map
def twice():
    return HashMap(c_uint32, c_uint64, 1, max_entries=2)  # error:43: [bad-map] "given twice"


@bpf
@map
def four():
    return HashMap(c_uint32, c_uint64, 1, 0)  # error:43: [bad-map] "at most 3 arguments by position"


@bpf
@map
def no_inner():  # error:5: [bad-map] "needs `inner`"
    return ArrayOfMaps(max_entries=1)


@bpf
@map
def inner_number():
    return ArrayOfMaps(inner=5, max_entries=1)  # error:30: [bad-map] "how the inner maps are made"


@bpf
@map
def small():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=1)


@bpf
@map
def other():
    return HashMap(key=c_uint32, value=c_uint32, max_entries=1)


@bpf
@map
def nested():
    return ArrayOfMaps(inner=small, max_entries=2, values=[small, other])  # error:67: [bad-map] "another size"


@bpf
@map
def deep():
    return ArrayOfMaps(inner=nested, max_entries=2)  # error:30: [bad-map] "hold no maps themselves"


@bpf
@map
def programs():
    return ProgArray(max_entries=1, values=[main, missing, small])  # error:51: [bad-map] "`missing` is no program" # error:60: [bad-map] "`small` is no program"


@bpf
@map
def full():
    return ProgArray(max_entries=1, values=[None, main])  # error:51: [bad-map] "has 1 entries"


@bpf
@map
def unused_values():
    return HashMap(c_uint32, c_uint32, 1, values=[small])  # error:43: [bad-map] "has no argument `values`"


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def main(ctx):
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
