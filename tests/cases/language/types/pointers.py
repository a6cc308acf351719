"""Pointers as fields, casts and parameters; text behind pointers in kernel and user memory."""

#: verify
#: attach
#: workload: open 1
#: map: out[0] == 0x7f
#: map: out[1] == 5
#: map: saved[1].path == "/pbp"
#: map: saved[1].name == "/pbpf-no-such-file"
from ctypes import POINTER, Structure, c_char, c_uint32, c_uint64, cast

from pbpf import Ptr, UserPtr, bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_task
from pbpf.maps import ArrayMap, HashMap
from vmlinux import struct_task_struct

@bpf
@struct
class Saved:
    path: str(5)
    name: str(32)
    task: Ptr[struct_task_struct]

@bpf
@map
def saved() -> HashMap:
    return HashMap(key=c_uint32, value=Saved, max_entries=8)

@bpf
@map
def out() -> ArrayMap:
    return ArrayMap(value=c_uint64, max_entries=8)

class Node(Structure):
    pass


Node._fields_ = [("value", c_uint64), ("next", POINTER(Node))]


@bpf
def second(n: Node):
    if n.next:
        return n.next.contents.value
    return 3


@bpf
@section("tracepoint/syscalls/sys_enter_openat")
def prog(ctx):
    name = UserPtr[c_char](ctx.args[1])
    if name != "/pbpf-no-such-file":
        return 0
    bits = 0
    if name.startswith("/pbpf-no"):
        bits |= 1
    if name == "/pbpf-no-such-file" and not "/pbpf-no" == name:
        bits |= 2
    if name != "/pbpf-no-such-file-x" and name != "/":
        bits |= 4
    task = struct_task_struct(bpf_get_current_task())
    fs = task.nsproxy.uts_ns.name.sysname
    if fs == "Linux":
        bits |= 8
    root = task.fs.pwd.mnt.mnt_sb.s_type.name
    if root != "nosuchfs" and not root.startswith("nosuchfs"):
        bits |= 16
    s = Saved(path=name, name=root, task=task)
    saved[1] = s
    v = saved.lookup(1)
    if v:
        v.name = name
        if v.task.pid == task.pid and v.task != None:
            bits |= 32
        if v.name == name:
            bits |= 64
    n = Node(5)
    end = cast(ctx.args[1], POINTER(Node))
    out[1] = second(n) + (n.next == None) + (1 if end else 0)
    out[0] = bits
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
