"""What programs cannot do with a kind of map, and wrong keys and values."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, ArrayOfMaps, BloomFilter, DevMap, HashMap, ProgArray, Queue, RingBuffer, XskMap


@bpf
@struct
class Key:
    a: c_uint32
    b: c_uint32


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@map
def queue():
    return Queue(value=c_uint64, max_entries=4)


@bpf
@map
def array():
    return ArrayMap(value=c_uint64, max_entries=4)


@bpf
@map
def events():
    return RingBuffer(max_entries=4096)


@bpf
@map
def seen():
    return BloomFilter(value=c_uint32, max_entries=4)


@bpf
@map
def devices():
    return DevMap(max_entries=4)


@bpf
@map
def sockets():
    return XskMap(max_entries=4)


@bpf
@map
def programs():
    return ProgArray(max_entries=4)


@bpf
@map
def outer():
    return ArrayOfMaps(inner=counts, max_entries=4)


@bpf
@section("xdp")
def main(ctx):
    queue.lookup(1)  # error:11: [unknown-method] "it has `push`, `pop`, `peek`"
    x = queue[1]  # error:9: [unknown-method] "cannot be looked up"
    queue[1] = 2  # error:5: [unknown-method] "cannot be stored to"
    del array[1]  # error:5: [unknown-method] "cannot be removed from"
    if 1 in events:  # error:8: [unknown-method]
        pass
    events.push(1)  # error:12: [unknown-method]
    counts.pop(1)  # error:12: [unknown-method] "del m[k]"
    counts.clear()  # error:12: [unknown-method] "Programs cannot empty a map"
    counts.lokup(1)  # error:12: [unknown-method] "did you mean `lookup`?"
    seen.lookup(1)  # error:10: [unknown-method]
    devices[1] = 5  # error:5: [unknown-method] "it has `redirect`"
    y = sockets[1]  # error:9: [unknown-method]
    programs[1] = 1  # error:5: [unknown-method]
    outer[0] = 1  # error:5: [unknown-method]
    outer.update(0, 1)  # error:11: [unknown-method]
    counts.lookup()  # error:12: [wrong-argument-count] "write `lookup(key)`"
    counts.lookup(1, 2)  # error:12: [wrong-argument-count]
    counts.update(1)  # error:12: [wrong-argument-count] "update(key, value, flags=0)"
    counts.update(1, 2, flags=8)  # error:5: [bad-flags] "BPF_NOEXIST"
    counts.update(1, 2, 3)  # error:5: [bad-flags]
    queue.push()  # error:5: [wrong-argument-count]
    queue.push(1, 2, 3, 4)  # error:11: [wrong-argument-count]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
