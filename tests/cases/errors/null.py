"""What a lookup gives must be tested before it is used."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap


@bpf
@map
def counts() -> HashMap:
    return HashMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def untested(ctx):
    p = counts.lookup(1)
    p += 1  # error:10: [unchecked-null]
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def wrong_way(ctx):
    p = counts.lookup(1)
    if p is None:
        p += 1  # error:14: [unchecked-null]
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def tested(ctx):
    p = counts.lookup(1)
    if p is not None:
        p += 1
    q = counts.lookup(2)
    if q is None:
        return 0
    q += 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
