"""Kernel fields and packets that PythonBPF 0.2.0 drops, refuses or crashes on."""
#: verify
#: run: f(packet=eth/ip(ttl=9)/udp/"x") == 2 -> packet eth/ip(ttl=8)/udp/"x"
#: flags: --arithmetic python
from ctypes import c_uint64

from pythonbpf import bpf, bpfglobal, section
from vmlinux import struct_ethhdr, struct_iphdr, struct_task_struct, struct_xdp_md
from pythonbpf.helper import bpf_get_current_task


@bpf
@section("xdp")
def f(ctx: struct_xdp_md):
    if ctx.data + 34 > ctx.data_end:
        return 1
    ip = struct_iphdr(ctx.data + 14)
    ip.ttl = ip.ttl - 1
    ip.check = 0xCE9E
    if ip.version != 4 or ip.ihl != 5:
        return 1
    return 2


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def g(ctx):
    task = struct_task_struct(bpf_get_current_task())
    a = task.real_parent.tgid
    b = task.sched_reset_on_fork
    if task.comm == "bash":
        print(f"{a} {b} {task.comm}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
