"""What only ring buffers can do, where they shall become perf buffers."""
#: flags: --ring-buffers perf
from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section, struct, subprogram
from pbpf.maps import BPF_RB_AVAIL_DATA, ArrayOfMaps, RingBuffer

LICENSE = "GPL"


@bpf
@struct
class Event:
    number: c_uint32


@bpf
@map
def events():
    return RingBuffer(max_entries=4096)


@bpf
@map
def first():  # error:5: [no-perf-buffer] "`first` is in another map"
    return RingBuffer(max_entries=4096)


@bpf
@map
def buffers():
    return ArrayOfMaps(inner=first, values=[first], max_entries=2)


@bpf
@section("xdp")
def amount(ctx):
    return events.query(BPF_RB_AVAIL_DATA)  # error:12: [no-perf-buffer] "`bpf_ringbuf_query` is for ring buffers"


@bpf
@subprogram(inline=False)
def send(n: c_uint64):
    return events.output(n)  # error:12: [no-perf-buffer] "the context, which `send` has not"


@bpf
@section("xdp")
def alone(ctx):
    return send(ctx.rx_queue_index)


@bpf
@section("xdp")
def within(ctx):
    buffer = buffers.lookup(0)
    if buffer is None:
        return 0
    return buffer.output(Event(1))  # error:12: [no-perf-buffer] "which perf buffer this record goes to"
