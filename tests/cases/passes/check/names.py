"""Names that the object cannot have."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import HashMap


@bpf
@map
def count():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@bpfglobal
def count() -> int:  # error:5: [duplicate-name] "a map and a global variable"
    return 0


@bpf
@bpfglobal
def total() -> int:
    return 0


@bpf
@bpfglobal
def total() -> int:  # error:5: [duplicate-name] "two global variables"
    return 1


@bpf
@map
def zähler():  # error:5: [bad-name]
    return HashMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@struct
class Pair:  # error:7: [bad-name]
    a: c_uint64
    ä: c_uint32


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def größe(ctx):  # error:5: [bad-name]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
