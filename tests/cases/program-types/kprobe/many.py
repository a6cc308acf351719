"""Probes of all kernel functions that a pattern fits, at once. (Debian's 6.1 has no `CONFIG_FPROBE`.)"""
#: needs: kprobes
#: verify
#: vm: 6.12 7.3
#: attach
#: workload: unlink probed-file == 1
#: global: many_in >= 1
#: global: many_out >= 1
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from vmlinux import struct_pt_regs

LICENSE = "GPL"


@bpf
@bpfglobal
def many_in() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def many_out() -> c_uint64:
    return c_uint64(0)


@bpf
@section("kprobe.multi/vfs_unlin*")
def many_enter(ctx: struct_pt_regs):
    global many_in
    many_in += 1


@bpf
@section("kretprobe.multi/vfs_unlin*")
def many_leave(ctx: struct_pt_regs):
    global many_out
    if ctx.ax == 0:
        many_out += 1
