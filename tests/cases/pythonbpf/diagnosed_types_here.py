"""What PythonBPF 0.2.0 takes in silence and drops has a diagnostic here: what types tell."""
#: check
from ctypes import c_uint8, c_uint32

from pythonbpf import bpf, bpfglobal, section, struct


@bpf
@struct
class Pair:
    a: c_uint32


@bpf
@section("tracepoint/syscalls/sys_enter_getpid")
def f(ctx):
    p = Pair()
    p.z = 3  # error:5: [unknown-field]
    a = c_uint8(300)  # warning:17: [constant-cut]
    c = 1 << 64  # error:14: [bad-shift]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
