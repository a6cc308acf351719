"""Helpers where they are not allowed."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.helper import bpf_get_current_comm, bpf_redirect, bpf_xdp_adjust_head, bpf_copy_from_user, pid
from pbpf.maps import ArrayMap
from vmlinux import XDP_PASS


@bpf
@map
def values():
    return ArrayMap(value=c_uint64, max_entries=4)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def trace(ctx):
    bpf_redirect(1)  # error:5: [helper-not-allowed] "xdp:xdp"
    shared()
    indirect()
    return 0


@bpf
def shared():
    bpf_xdp_adjust_head(0)  # error:5: [helper-not-allowed] "a program of type `tracepoint:tracepoint`, gets here"
    return 0


@bpf
def indirect():
    buf = str(16)
    bpf_copy_from_user(buf, 16, 0)  # error:5: [helper-sleeps] "must not"
    return 0


@bpf
def never_called():
    bpf_xdp_adjust_head(0)
    return 0


@bpf
@section("xdp")
def net(ctx):
    bpf_redirect(1)
    trace(1)  # error:5: [bad-call] "only the kernel calls"
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
