"""Bitfields of kernel structs, by trusted pointers and by plain addresses, against what the kernel is known to do."""

#: verify
#: attach
#: workload: exec 3
#: map: execs[$pid].trusted == 3
#: map: execs[$pid].copied == 3
#: map: execs[$pid].later == 0
#: workload: udp-echo 127.0.0.1:7 4
#: map: headers[0].version >= 4
#: map: headers[0].sum == 45
#: vm: 6.1 6.12 7.3
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_task, bpf_get_current_task_btf, pid
from pbpf.maps import ArrayMap, HashMap
from vmlinux import struct_iphdr, struct_sk_buff, struct_task_struct


@bpf
@struct
class Exec:
    trusted: c_uint64
    copied: c_uint64
    later: c_uint64


@bpf
@struct
class Header:
    version: c_uint64
    sum: c_uint64


@bpf
@map
def execs():
    return HashMap(key=c_uint32, value=Exec, max_entries=4096)


@bpf
@map
def headers():
    return ArrayMap(value=Header, max_entries=1)


# The kernel sets `in_execve` while it replaces the program, and has cleared it when the new one makes a call.
@bpf
@section("tp_btf/sched_process_exec")
def on_exec(ctx):
    task = bpf_get_current_task_btf()
    plain = struct_task_struct(bpf_get_current_task())
    seen = execs.lookup(pid())
    if seen is None:
        execs[pid()] = Exec(trusted=task.in_execve, copied=plain.in_execve)
    else:
        seen.trusted += task.in_execve
        seen.copied += plain.in_execve
    return 0


@bpf
@section("tp_btf/sys_exit")
def on_exit(ctx):
    task = bpf_get_current_task_btf()
    seen = execs.lookup(pid())
    if seen is not None and task.in_iowait:
        seen.later += 1
    return 0


@bpf
@section("tp_btf/netif_rx_entry")
def on_packet(ctx, skb: struct_sk_buff):
    ip = struct_iphdr(skb.head + skb.network_header)
    if ip.version == 4:
        seen = headers.lookup(0)
        if seen is not None:
            seen.version += 1
            seen.sum = ip.version * 10 + ip.ihl
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
