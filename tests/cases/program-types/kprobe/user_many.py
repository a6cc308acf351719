"""Probes of many functions of a program at once, by a pattern; the forms that may sleep too."""
#: needs: kprobes
#: verify
#: bpftool: no "that of Debian 12 knows no such sections"
#: vm: 6.12 7.3
#: attach
#: workload: probe 3 == 3
#: global: entered == 6
#: global: left == 60
#: global: slept == 30
from ctypes import c_int64, c_uint32, c_uint64, c_void_p

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_copy_from_user

LICENSE = "GPL"


@bpf
@bpfglobal
def entered() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def left() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def slept() -> c_uint64:
    return c_uint64(0)


@bpf
@section("uprobe.multi//proc/self/exe:pbpf_trace*")
def enters(ctx, round: c_uint32):
    global entered
    entered += round


@bpf
@section("uretprobe.multi//proc/self/exe:pbpf_trace*")
def leaves(ctx, ret: c_int64):
    global left
    left += ret


@bpf
@section("uprobe.multi.s//proc/self/exe:pbpf_traced")
def sleeps(ctx, round: c_uint32, text: c_void_p):
    global slept
    name = str(8)
    if bpf_copy_from_user(name, 6, text) == 0 and name == "round":
        slept += 5


@bpf
@section("uretprobe.multi.s//proc/self/exe:pbpf_traced")
def sleeps_too(ctx, ret: c_int64):
    global slept
    if ret > 0:
        slept += 5
