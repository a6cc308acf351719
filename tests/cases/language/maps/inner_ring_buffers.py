"""A ring buffer that is chosen while running, out of a map of them."""
#: listen: first
#: listen: second
#: run: send(packet=zeros(64)) == 0
#: run: send(packet=zeros(65)) == 0
#: record: first == {64:8}
#: record: second == {65:8}
#: run: reserved(packet=zeros(65)) == XDP_PASS
#: record: first missing
#: record: second == {7:8}
#: vm: 6.1 6.12 7.3
from ctypes import c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import ArrayOfMaps, RingBuffer
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS, struct_xdp_md


@bpf
@struct
class Event:
    number: c_uint64


@bpf
@map
def first():
    return RingBuffer(max_entries=4096)


@bpf
@map
def second():
    return RingBuffer(max_entries=4096)


@bpf
@map
def buffers():
    return ArrayOfMaps(inner=first, values=[first, second], max_entries=2)


@bpf
@section("xdp")
def send(ctx: struct_xdp_md):
    length = ctx.data_end - ctx.data
    buffer = buffers.lookup(length & 1)
    if buffer is None:
        return XDP_ABORTED
    return buffer.output(Event(length))


@bpf
@section("xdp")
def reserved(ctx: struct_xdp_md):
    buffer = buffers.lookup((ctx.data_end - ctx.data) & 1)
    if buffer is None:
        return XDP_ABORTED
    event = buffer.reserve(Event)
    if event is None:
        return XDP_DROP
    event.number = 7
    buffer.submit(event)
    return XDP_PASS
