"""Every kind of map that programs can declare is made by the kernel."""
#: verify
#: attach
#: workload: syscall getppid 3
#: map: h[3] >= 3
#: map: a[2] == 5
#: map: h[1] == 1
from ctypes import c_int32, c_uint8, c_uint32, c_uint64
from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import (
    ArrayMap, ArrayOfMaps, BloomFilter, CgroupArray, CgrpStorage, CpuMap, DevMap, DevMapHash, HashMap,
    HashOfMaps, InodeStorage, LpmTrie, LruHash, LruPerCpuHash, PerCpuArray, PerCpuHash, PerfEventArray,
    ProgArray, Queue, ReuseportSockArray, RingBuffer, SkStorage, SockHash, SockMap, Stack, StackTrace,
    TaskStorage, UserRingBuffer, XskMap,
)


@bpf
@struct
class Prefix:
    bits: c_uint32
    address: c_uint8 * 4


@bpf
@map
def h():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=16, map_flags=1)


@bpf
@map
def a():
    return ArrayMap(value=c_uint64, max_entries=16)


@bpf
@map
def ph():
    return PerCpuHash(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@map
def pa():
    return PerCpuArray(value=c_uint64, max_entries=16)


@bpf
@map
def lh():
    return LruHash(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@map
def lph():
    return LruPerCpuHash(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@map
def lpm():
    return LpmTrie(key=Prefix, value=c_uint64, max_entries=16)


@bpf
@map
def q():
    return Queue(value=c_uint64, max_entries=16)


@bpf
@map
def st():
    return Stack(value=c_uint64, max_entries=16)


@bpf
@map
def bloom():
    return BloomFilter(value=c_uint64, max_entries=16, map_extra=3)


@bpf
@map
def rb():
    return RingBuffer(max_entries=4096)


@bpf
@map
def urb():
    return UserRingBuffer(max_entries=4096)


@bpf
@map
def pe():
    return PerfEventArray(key_size=c_int32, value_size=c_int32)


@bpf
@map
def progs():
    return ProgArray(max_entries=4, values=[None, second])


@bpf
@map
def aom():
    return ArrayOfMaps(inner=h, max_entries=4, values=[h])


@bpf
@map
def hom():
    return HashOfMaps(key=c_uint32, inner=HashMap(key=c_uint32, value=c_uint64, max_entries=16), max_entries=4)


@bpf
@map
def dm():
    return DevMap(max_entries=4)


@bpf
@map
def dmh():
    return DevMapHash(max_entries=4)


@bpf
@map
def cm():
    return CpuMap(max_entries=2)


@bpf
@map
def xm():
    return XskMap(max_entries=4)


@bpf
@map
def sm():
    return SockMap(max_entries=4)


@bpf
@map
def sh():
    return SockHash(key=c_uint64, max_entries=4)


@bpf
@map
def rsa():
    return ReuseportSockArray(max_entries=4)


@bpf
@map
def stacks():
    return StackTrace(value=c_uint64 * 32, max_entries=64)


@bpf
@map
def ca():
    return CgroupArray(max_entries=4)


@bpf
@map
def cs():
    return CgrpStorage(value=c_uint64)


@bpf
@map
def ts():
    return TaskStorage(value=c_uint64)


@bpf
@map
def sks():
    return SkStorage(value=c_uint64)


@bpf
@map
def ins():
    return InodeStorage(value=c_uint64)


@bpf
@section("tracepoint/syscalls/sys_enter_getpid")
def second(ctx):
    inner = aom[0]
    inner[3] += 1
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def first(ctx):
    bloom.add(3)
    if 3 in bloom:
        h[1] = 1
    q.push(5)
    v = q.pop()
    if v is not None:
        a[2] = v
    progs.tail_call(1)
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
