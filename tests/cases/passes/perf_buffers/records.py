"""Ring buffers on kernels that have none: records go through a perf buffer."""
#: flags: --ring-buffers perf --target-kernel 5.4
#: listen: events
#: listen: sizes
#: run: whole(packet=zeros(64)) == 0
#: record: events == {11:4, 22:2, 0:2}
#: run: reserved(packet=zeros(64)) == XDP_PASS
#: record: events == {1:4, 2:2, 0:2}
#: run: reserved(packet=zeros(80)) == XDP_DROP
#: record: events missing
#: run: of_two(packet=zeros(64)) == XDP_PASS
#: record: events == {7:4, 1:2, 0:2}
#: run: of_two(packet=zeros(80)) == XDP_PASS
#: record: events == {8:4, 2:2, 0:2}
#: run: rounds(packet=zeros(64)) == 3
#: record: sizes == {0:8}
#: record: sizes == {1:8}
#: record: sizes == {2:8}
#: record: sizes missing
#: run: through(packet=zeros(64)) == 0
#: record: sizes == {64:8}
#: run: checked(packet=zeros(64)) == XDP_PASS
#: record: events missing
#: vm: 6.1 6.12 7.3
from ctypes import c_uint16, c_uint32, c_uint64

from pbpf import bpf, map, section, struct, subprogram
from pbpf.maps import RingBuf, RingBuffer
from vmlinux import XDP_DROP, XDP_PASS, XDP_TX, struct_xdp_md

LICENSE = "GPL"


@bpf
@struct
class Event:
    number: c_uint32
    kind: c_uint16


@bpf
@map
def events():
    return RingBuffer(max_entries=4096)


@bpf
@map
def sizes():
    return RingBuf(max_entries=4096)


@bpf
@section("xdp")
def whole(ctx):
    return events.output(Event(11, 22))


@bpf
@section("xdp")
def reserved(ctx: struct_xdp_md):
    event = events.reserve(Event)
    if event is None:
        return XDP_PASS
    # What was not written is 0, as it is in no ring buffer.
    event.number = 1
    event.kind = 2
    if ctx.data_end - ctx.data > 64:
        events.discard(event)
        return XDP_DROP
    events.submit(event)
    return XDP_PASS


@bpf
@section("xdp")
def of_two(ctx: struct_xdp_md):
    if ctx.data_end - ctx.data > 64:
        event = events.reserve(Event)
        if event is None:
            return XDP_DROP
        event.number = 8
        event.kind = 2
    else:
        event = events.reserve(Event)
        if event is None:
            return XDP_DROP
        event.number = 7
        event.kind = 1
    events.submit(event)
    return XDP_PASS


@bpf
@section("xdp")
def rounds(ctx):
    sent = 0
    for n in range(3):
        record = sizes.reserve(c_uint64)
        if record is None:
            break
        record[0] = n
        sizes.submit(record)
        sent += 1
    return sent


@bpf
@subprogram(inline=False)
def send(ctx: struct_xdp_md, n: c_uint64):
    return sizes.output(n)


@bpf
@section("xdp")
def through(ctx: struct_xdp_md):
    return send(ctx, ctx.data_end - ctx.data)


@bpf
@section("xdp")
def checked(ctx: struct_xdp_md):
    event = events.reserve(Event)
    if event is None:
        return XDP_DROP
    # Where this fails the record is dropped.
    assert ctx.rx_queue_index > 0
    events.submit(event)
    return XDP_TX
