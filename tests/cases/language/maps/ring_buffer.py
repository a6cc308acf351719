"""Records of ring buffers: reserved by type, filled, submitted or discarded; also where a check fails in between."""
#: run: typed(packet=zeros(64)) == XDP_PASS
#: run: dropped(packet=zeros(64)) == XDP_PASS
#: run: numbers(packet=zeros(64)) == XDP_PASS
#: run: checked(packet=zeros(64)) == XDP_PASS
#: run: asserted(packet=zeros(64)) == XDP_PASS
#: run: asserted(packet=zeros(64)) == XDP_PASS
#: run: in_turn(packet=zeros(64)) == XDP_PASS
#: run: sized(packet=zeros(64)) == XDP_PASS
#: run: amount(packet=zeros(64)) == XDP_PASS
#: global: waiting == 392
#: vm: 6.1 6.12
from ctypes import c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_dynptr_write, ktime
from pbpf.maps import BPF_RB_AVAIL_DATA, HashMap, RingBuffer
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS, struct_xdp_md


@bpf
@struct
class Event:
    time: c_uint64
    pid: c_uint32
    kind: c_uint8
    name: str(16)


@bpf
@map
def events():
    return RingBuffer(max_entries=4096)


@bpf
@map
def table():
    return HashMap(key=c_uint32, value=c_uint32, max_entries=4)


@bpf
@bpfglobal
def waiting() -> c_uint64:
    return c_uint64(0)


@bpf
@section("xdp")
def typed(ctx):
    event = events.reserve(Event)
    if event is None:
        return XDP_DROP
    event.time = ktime()
    event.pid = 7
    event.kind = 255
    event.kind += 1
    event.name = "typed"
    if event.kind != 0 or event.pid != 7:
        events.discard(event)
        return XDP_ABORTED
    events.submit(event)
    return XDP_PASS


@bpf
@section("xdp")
def dropped(ctx):
    event = events.reserve(Event, 0)
    if event:
        event.pid = 1
        events.discard(event)
    return XDP_PASS


@bpf
@section("xdp")
def numbers(ctx):
    value = events.reserve(c_uint64)
    if not value:
        return XDP_DROP
    value += 5
    events.submit(value, 0)
    if events.output(Event(time=1)) != 0:
        return XDP_ABORTED
    return XDP_PASS


@bpf
@section("xdp")
def checked(ctx: struct_xdp_md):
    event = events.reserve(Event)
    if event is None:
        return XDP_DROP
    # The packet may be shorter, and the key absent: then the program ends here, and what it holds is dropped.
    event.kind = struct_first(ctx.data).byte
    event.pid = table[3]
    events.submit(event)
    return XDP_ABORTED


@bpf
@struct
class struct_first:
    byte: c_uint8


@bpf
@section("xdp")
def asserted(ctx):
    event = events.reserve(Event)
    if event is None:
        return XDP_DROP
    event.pid = ctx.rx_queue_index
    assert event.pid == 77
    events.submit(event)
    return XDP_ABORTED


@bpf
@section("xdp")
def in_turn(ctx):
    for i in range(3):
        event = events.reserve(Event)
        if event is None:
            break
        event.pid = i
        if i == 1:
            events.discard(event)
            continue
        events.submit(event)
    return XDP_PASS


@bpf
@section("xdp")
def sized(ctx):
    room = (c_uint64 * 2)()
    if events.reserve_dynptr(8 + ctx.rx_queue_index, 0, room) != 0:
        events.discard_dynptr(room)
        return XDP_ABORTED
    number = c_uint64(9)
    bpf_dynptr_write(room, 0, number, 8, 0)
    events.submit_dynptr(room)
    return XDP_PASS


@bpf
@section("xdp")
def amount(ctx):
    global waiting
    waiting = events.query(BPF_RB_AVAIL_DATA)
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
