"""An inner map, a record, a queued value: what may not be there is tested first."""
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayOfMaps, HashMap, Queue, RingBuffer


@bpf
@map
def outer():
    return ArrayOfMaps(inner=HashMap(key=c_uint32, value=c_uint64, max_entries=4), max_entries=4)


@bpf
@struct
class Event:
    pid: c_uint32


@bpf
@map
def events():
    return RingBuffer(max_entries=4096)


@bpf
@map
def queue():
    return Queue(value=c_uint64, max_entries=4)


@bpf
@section("xdp")
def main(ctx):
    inner = outer.lookup(0)
    inner[5] = 1  # error:11: [unchecked-null]
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def untested(ctx):
    event = events.reserve(Event)
    event.pid = 1  # error:5: [unchecked-null]
    events.submit(event)
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def empty(ctx):
    return queue.pop() + 1  # error:12: [unchecked-null]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
