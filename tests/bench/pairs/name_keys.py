"""Counts system calls by the name of the process: text as a key."""

from ctypes import c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_comm
from pbpf.maps import HashMap


@bpf
@struct
class Name:
    text: str(16)


@bpf
@map
def names():
    return HashMap(key=Name, value=c_uint64, max_entries=64)


@bpf
@section("raw_tp/sys_enter")
def prog(ctx):
    name = Name()
    bpf_get_current_comm(name.text)
    names[name] += 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
