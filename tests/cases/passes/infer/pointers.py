"""Pointers keep where they point, and whether they may be None."""
#: check
from ctypes import c_uint32, c_uint64
from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_task, deref
from pbpf.maps import HashMap
from vmlinux import XDP_PASS, struct_ethhdr, struct_task_struct


@bpf
@struct
class Pair:
    a: c_uint64


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@map
def pairs():
    return HashMap(key=c_uint32, value=Pair, max_entries=4)


@bpf
@section("xdp")
def net(ctx):
    reveal_type(ctx.data)  # reveal: pointer to c_void in packet
    reveal_type(ctx.data_end)  # reveal: pointer to c_void in packet_end
    reveal_type(ctx.data_end - ctx.data)  # reveal: c_int64
    reveal_type(ctx.data + 14)  # reveal: pointer to c_void in packet
    reveal_type(struct_ethhdr(ctx.data))  # reveal: pointer to struct_ethhdr in packet
    return XDP_PASS


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    reveal_type(counts.lookup(1))  # reveal: pointer to c_uint64 in map_value or None
    reveal_type(counts[1])  # reveal: c_uint64
    reveal_type(counts.get(1, 0))  # reveal: c_uint64
    reveal_type(pairs.lookup(1))  # reveal: pointer to Pair in map_value or None
    reveal_type(pairs[1])  # reveal: pointer to Pair in map_value
    reveal_type(pairs[1].a)  # reveal: c_uint64
    task = struct_task_struct(bpf_get_current_task())
    reveal_type(task)  # reveal: pointer to struct_task_struct in kernel_untrusted
    reveal_type(task.pid)  # reveal: c_int32
    reveal_type(task.comm)  # reveal: str(16)
    reveal_type(task.real_parent)  # reveal: pointer to struct_task_struct in kernel_untrusted
    reveal_type(Pair(a=1))  # reveal: Pair
    return 0


@bpf
@section("tp_btf/sched_switch")
def g(ctx, preempt, prev):
    reveal_type(preempt)  # reveal: bool
    reveal_type(prev)  # reveal: pointer to struct_task_struct in kernel
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
