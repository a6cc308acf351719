"""Counts calls of connect(2) by process."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.helper import tgid
from pbpf.maps import HashMap


@bpf
@map
def connects() -> HashMap:
    return HashMap(key=c_uint32, value=c_uint64, max_entries=4096)


@bpf
@section("tracepoint/syscalls/sys_enter_connect")
def count_connects(ctx):
    connects[tgid()] += 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
