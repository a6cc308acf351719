"""The same programs with a ring buffer send the same records."""
#: listen: events
#: run: whole(packet=zeros(64)) == 0
#: record: events == {11:4, 22:2, 0:2}
#: record: events missing
from ctypes import c_uint16, c_uint32

from pbpf import bpf, map, section, struct
from pbpf.maps import RingBuffer


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
@section("xdp")
def whole(ctx):
    return events.output(Event(11, 22))
