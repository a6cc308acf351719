"""The address of a kernel object is a number like any other: hashed, masked, compared, and a key."""
#: verify
#: attach
#: workload: syscall getppid 1
#: global: same == 1
#: global: low == 0
#: global: high == 1
#: vm: 6.1 6.12 7.3
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.helper import bpf_get_current_task, bpf_get_current_task_btf
from pbpf.maps import HashMap

LICENSE = "GPL"


@bpf
@map
def seen():
    return HashMap(key=c_uint64, value=c_uint32, max_entries=64)


@bpf
@bpfglobal
def same() -> c_uint32:
    return c_uint32(0)


@bpf
@bpfglobal
def low() -> c_uint32:
    return c_uint32(9)


@bpf
@bpfglobal
def high() -> c_uint32:
    return c_uint32(0)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def hashes(ctx):
    global same, low, high
    task = bpf_get_current_task_btf()
    number = bpf_get_current_task()
    # By what the verifier takes for a pointer it lets nothing be divided, masked or shifted.
    if task // 3 == number // 3 and (task >> 8) ^ 5 == (number >> 8) ^ 5:
        same = 1
    low = task & 7
    high = task >> 63
    seen[task] = 1
    return 0
