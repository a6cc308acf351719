"""Prints who sends datagrams, and how large they are."""

from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import comm, pid


@bpf
@section("tracepoint/syscalls/sys_enter_sendto")
def print_sends(ctx):
    name = str(16)
    comm(name)
    size = c_uint64(ctx.args[2])
    if size > 0:
        print(f"{name} ({pid()}) sends {size} bytes")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
