"""Writes to what is only read."""
#: check
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section, struct
from pbpf.net import htons
from vmlinux import XDP_PASS, struct_task_struct, struct_ethhdr
from pbpf.helper import bpf_get_current_task


@bpf
@struct
class Pair:
    a: c_uint64
    b: c_uint64


@bpf
@section("xdp")
def net(ctx):
    ctx.rx_queue_index = 1  # error:5: [read-only] "the context"
    ctx.data += 1  # error:5: [read-only]
    if ctx.data + 14 <= ctx.data_end:
        eth = struct_ethhdr(ctx.data)
        eth.h_proto = htons(8)
    return XDP_PASS


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def trace(ctx):
    ctx.id = 5  # error:5: [read-only]
    task = struct_task_struct(bpf_get_current_task())
    task.pid = 1  # error:5: [read-only] "kernel memory"
    task.real_parent.tgid = 1  # error:5: [read-only]
    task.comm[0] = 65  # error:5: [read-only]
    poke(task)
    pair = Pair(a=1)
    pair.b = 2
    return 0


@bpf
def poke(task: struct_task_struct):
    task.pid = 1  # error:5: [read-only] "gets here"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
