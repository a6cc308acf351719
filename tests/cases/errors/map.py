"""Declarations of maps that the kernel would refuse."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap, RingBuffer


@bpf
@map
def no_size() -> HashMap:  # error:5: [bad-map] "max_entries"
    return HashMap(key=c_uint32, value=c_uint64)


@bpf
@map
def no_entries() -> HashMap:
    return HashMap(key=c_uint32, value=c_uint64, max_entries=0)  # error:62: [bad-map] "max_entries"


@bpf
@map
def no_key() -> HashMap:  # error:5: [bad-map] "key"
    return HashMap(value=c_uint64, max_entries=1)


@bpf
@map
def odd() -> RingBuffer:
    return RingBuffer(max_entries=1000)  # error:35: [bad-map] "power of two"


@bpf
@map
def unknown() -> HashMap:
    return HashMap(key=c_uint32, value=c_uint64, max_entrees=1)  # error:50: [bad-map] "max_entries"


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def main(ctx):
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
