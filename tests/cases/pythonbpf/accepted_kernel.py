"""Kernel structs, constants and packets as PythonBPF's users write them."""
#: verify
#: run: count(packet=eth/ip(src=10.0.0.1)/udp(dport=53)/"payload") == 2
#: run: count(packet=zeros(20)) == 1
#: map: seen[17] == 1
from ctypes import c_int32, c_int64, c_uint32, c_uint64, c_void_p

import ctypes
from pythonbpf import bpf, bpfglobal, map, section
from pythonbpf.helper import deref
from pythonbpf.maps import HashMap
from vmlinux import (
    XDP_DROP,
    XDP_PASS,
    struct_ethhdr,
    struct_iphdr,
    struct_pt_regs,
    struct_request,
    struct_trace_event_raw_sys_enter,
    struct_xdp_md,
)
from vmlinux import TASK_COMM_LEN as COMM_LEN


@bpf
@map
def seen() -> HashMap:
    return HashMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@section("xdp")
def count(ctx: struct_xdp_md) -> c_int64:
    data = ctx.data
    data_end = ctx.data_end
    if data + 34 > data_end:
        return c_int64(XDP_DROP)
    iph = struct_iphdr(data + 14)
    protocol = iph.protocol
    was = seen.lookup(protocol)
    if was:
        seen.update(protocol, was + 1)
    else:
        seen.update(protocol, 1)
    return c_int64(XDP_PASS)


@bpf
@section("tracepoint/syscalls/sys_enter_openat")
def opened(ctx: struct_trace_event_raw_sys_enter) -> c_int64:
    nr = ctx.id
    fd = ctx.args[0]
    print(f"{nr} {fd} {COMM_LEN}")
    return c_int64(0)


@bpf
@section("kprobe/blk_mq_start_request")
def started(ctx: struct_pt_regs) -> c_int32:
    req = struct_request(ctx.di)
    length = req.__data_len
    flags = req.cmd_flags
    print(f"{length} {flags}")
    return c_int32(0)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
