"""Reads fields of the current task and of its parent, by CO-RE, and keeps them by process."""

from ctypes import c_int32, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_task
from pbpf.maps import HashMap
from vmlinux import struct_task_struct


@bpf
@struct
class Process:
    parent: c_int32
    priority: c_int32
    start: c_uint64


@bpf
@map
def processes():
    return HashMap(key=c_int32, value=Process, max_entries=64)


@bpf
@section("raw_tp/sys_enter")
def prog(ctx):
    task = struct_task_struct(bpf_get_current_task())
    process = Process(parent=task.real_parent.tgid, priority=task.prio, start=task.start_time)
    processes[task.tgid] = process
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
