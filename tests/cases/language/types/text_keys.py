"""Text as a key: nothing is left behind the NUL of a buffer that a helper fills again."""

#: verify
#: attach
#: workload: open 1
#: map: seen.len == 3
#: map: seen["uch-file"] == 9
#: map: seen["/pbpf-no-such-file"] == 19
#: map: seen["/pb"] == 4
#: map: events[1].path == "/pbpf-no-such-file"
#: map: events[1].length == 18
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import probe_read_user_str
from pbpf.maps import HashMap


@bpf
@struct
class Event:
    length: c_uint32
    path: str(32)


@bpf
@map
def seen() -> HashMap:
    return HashMap(key=str(32), value=c_uint64, max_entries=8)


@bpf
@map
def events() -> HashMap:
    return HashMap(key=c_uint32, value=Event, max_entries=8)


@bpf
@section("tracepoint/syscalls/sys_enter_openat")
def prog(ctx):
    buf = str(32)
    n = probe_read_user_str(buf, ctx.args[1])
    if buf == "/pbpf-no-such-file":
        seen[buf] = n
        # The end of the path: shorter text in the same buffer.
        end = probe_read_user_str(buf, ctx.args[1] + 10)
        seen[buf] = end
        short: str(4) = "/pbpf"  # warning:25: [text-cut]
        seen[short] = len(short) + 1
        event = Event()
        probe_read_user_str(event.path, ctx.args[1] + 10)
        probe_read_user_str(event.path, ctx.args[1])
        event.length = len(event.path)
        events[1] = event
        probe_read_user_str(buf, ctx.args[1])
        seen[buf] = n
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
