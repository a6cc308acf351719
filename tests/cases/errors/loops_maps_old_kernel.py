"""A loop over a hash map needs a helper of kernel 5.13."""

#: flags: --target-kernel 5.10
from ctypes import c_uint32

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_uint32, max_entries=4)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    n = 0
    for k in counts:  # error:5: [target-too-old] "5.13"
        n += k
    print(n)
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
