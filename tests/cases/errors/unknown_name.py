"""A name that is not known."""

from ctypes import c_int64, c_void_p

from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def hello(ctx: c_void_p) -> c_int64:
    count = 1
    x = coumt + 1  # error:9: [unknown-name] "did you mean `count`?"
    return x


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
