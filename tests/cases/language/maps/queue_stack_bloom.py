"""Queues, stacks and Bloom filters."""
#: run: queues(packet=zeros(64)) == XDP_PASS
#: run: stacks(packet=zeros(64)) == XDP_PASS
#: run: blooms(packet=zeros(64)) == XDP_PASS
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import BloomFilter, Queue, Stack
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS


@bpf
@struct
class Job:
    number: c_uint32
    size: c_uint64


@bpf
@map
def jobs():
    return Queue(value=Job, max_entries=2)


@bpf
@map
def numbers():
    return Stack(value=c_uint64, max_entries=2)


@bpf
@map
def seen():
    return BloomFilter(value=c_uint32, max_entries=64, map_extra=3)


@bpf
@section("xdp")
def queues(ctx):
    if jobs.pop() is not None:
        return XDP_ABORTED
    jobs.push(Job(number=1, size=10))
    jobs.push(Job(number=2, size=20))
    if jobs.push(Job(number=3, size=30)) >= 0:
        return XDP_ABORTED
    if jobs.push(Job(number=4, size=40), replace=True) != 0:
        return XDP_ABORTED
    first = jobs.peek()
    if first is None or first.number != 2:
        return XDP_ABORTED
    taken = jobs.pop()
    if taken is None or taken.size != 20:
        return XDP_ABORTED
    last = Job()
    if jobs.pop(last) != 0 or last.number != 4:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@section("xdp")
def stacks(ctx):
    numbers.push(5)
    numbers.push(6)
    top = numbers.pop()
    if top is None:
        return XDP_ABORTED
    below = numbers.pop()
    if below is None:
        return XDP_ABORTED
    if top == 6 and below == 5 and numbers.peek() is None:
        return XDP_PASS
    return XDP_DROP


@bpf
@section("xdp")
def blooms(ctx):
    if 12 in seen:
        return XDP_ABORTED
    seen.add(12)
    if 12 not in seen:
        return XDP_ABORTED
    if seen.contains(12):
        return XDP_PASS
    return XDP_ABORTED


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
