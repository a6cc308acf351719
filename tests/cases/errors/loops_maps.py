"""Loops over maps that the kernel does not go through."""
#: check
from ctypes import c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import HashMap, LpmTrie


@bpf
@struct
class Prefix:
    bits: c_uint32
    address: c_uint32


@bpf
@map
def routes():
    return LpmTrie(key=Prefix, value=c_uint32, max_entries=4)


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_uint32, max_entries=4)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    for v in routes.values():  # error:5: [unsupported-for] "lpm_trie"
        pass
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
