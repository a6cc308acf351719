"""What is acquired is released on every way out, once; each is told with both places."""
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import RingBuffer


@bpf
@struct
class Event:
    pid: c_uint32
    cpu: c_uint32


@bpf
@map
def events():
    return RingBuffer(max_entries=4096)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def forgotten(ctx):
    event = events.reserve(Event)
    if event is None:
        return 0
    event.pid = 1
    return 0  # error:12: [leaked-reference] "acquired here"


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def one_way(ctx):
    event = events.reserve(Event)
    if event is None:
        return 0
    event.pid = 1
    if ctx.id > 5:
        return 1  # error:16: [leaked-reference] "still hold what `reserve` gave"
    events.submit(event)
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def never_tested(ctx):
    events.reserve(Event)
    return 0  # error:12: [leaked-reference]


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def twice(ctx):
    event = events.reserve(Event)
    if event:
        if ctx.id > 5:
            events.discard(event)
        events.submit(event)  # error:9: [released-reference] "released here"
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def used(ctx):
    event = events.reserve(Event)
    if event:
        events.submit(event)
        event.pid = 5  # error:9: [released-reference] "and is used"
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def again(ctx):
    for i in range(4):
        event = events.reserve(Event)  # error:17: [leaked-reference] "still held when it is called again"
        if event is None:
            return 0
        event.pid = i
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def dynptr(ctx):
    room = (c_uint64 * 2)()
    if events.reserve_dynptr(8, 0, room) != 0:
        return 0  # error:16: [leaked-reference] "`discard_dynptr` or `submit_dynptr`"
    events.submit_dynptr(room)
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
