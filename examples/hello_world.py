"""Says hello for every program that is started."""

from ctypes import c_int32, c_void_p

from pbpf import bpf, bpfglobal, section
from pbpf.helper import pid


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def hello_world(ctx: c_void_p) -> c_int32:
    print(f"Hello, World! from process {pid()}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
