# Hello world: one tracepoint, one line for each execve. The same program as hello.c and hello_pythonbpf.py.
from ctypes import c_int64, c_void_p

from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def hello(ctx: c_void_p) -> c_int64:
    print("Hello, World!")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
