# Hello world for PythonBPF 0.2: the same program as hello.py and hello.c.
from ctypes import c_int64, c_void_p

from pythonbpf import bpf, bpfglobal, compile, section


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def hello(ctx: c_void_p) -> c_int64:
    print("Hello, World!")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"


compile()
