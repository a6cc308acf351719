"""Counts system calls by number."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import PerCpuHash


@bpf
@map
def calls():
    return PerCpuHash(key=c_uint32, value=c_uint64, max_entries=512)


@bpf
@section("raw_tp/sys_enter")
def prog(ctx):
    number = ctx.args[1]
    count = calls.lookup(number)
    if count is None:
        calls[number] = 1
    else:
        count += 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
