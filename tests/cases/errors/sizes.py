"""Sizes that helpers are told, of memory that is smaller, and sizes that are none."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.helper import bpf_get_current_comm, bpf_probe_read_kernel, bpf_probe_read_user_str
from pbpf.maps import HashMap, RingBuffer

LICENSE = "GPL"


@bpf
@struct
class Event:
    number: c_uint64
    comm: str(16)


@bpf
@map
def events():
    return HashMap(key=c_uint32, value=Event, max_entries=8)


@bpf
@map
def records():
    return RingBuffer(max_entries=4096)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def locals_(ctx):
    text = str(16)
    bpf_probe_read_user_str(text, 32, ctx.id)  # error:35: [bad-argument] "`dst` has 16 bytes"
    bpf_get_current_comm(text, 0)  # error:32: [bad-argument] "is 0, and a size is above zero"
    bpf_get_current_comm(text, -1)  # error:32: [bad-argument] "is -1, and a size is above zero"
    event = Event()
    bpf_get_current_comm(event.comm, 17)  # error:38: [bad-argument] "`buf` has 16 bytes"
    bpf_probe_read_kernel(event, 0, 0)
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def values(ctx):
    event = events.lookup(1)
    if event:
        bpf_probe_read_kernel(event, 25, 0)  # error:38: [bad-argument] "`dst` has 24 bytes"
        bpf_get_current_comm(event.comm, 17)  # error:42: [bad-argument] "`buf` has 16 bytes"
    record = records.reserve(Event)
    if record:
        bpf_probe_read_kernel(record, 32, 0)  # error:39: [bad-argument] "`dst` has 24 bytes"
        records.submit(record)
    return 0
