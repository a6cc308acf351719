"""What PythonBPF 0.2.0 takes in silence and drops has a diagnostic here."""
#: check
from ctypes import c_uint8, c_uint32, c_uint64

from pythonbpf import bpf, bpfglobal, map, section, struct
from pythonbpf.helper import pid
from pythonbpf.maps import HashMap

from elsewhere import their_map


@bpf
@struct
class Pair:
    a: c_uint32


@bpf
@map
def m() -> HashMap:
    return HashMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@section("tracepoint/syscalls/sys_enter_getpid")
def f(ctx):
    m.foo(1)  # error:7: [unknown-method]
    their_map.lookup(1)  # error:5: [unknown-function]
    b = 7 // 0  # error:14: [division-by-zero]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
