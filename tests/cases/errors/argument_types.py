"""Annotations that do not go with what the kernel passes, and arguments that a probe cannot have."""

from ctypes import c_bool, c_int, c_uint64

from pbpf import bpf, bpfglobal, section
from vmlinux import struct_file, struct_task_struct


@bpf
@section("tp_btf/sched_switch")
def cut(ctx, preempt: c_bool, prev: c_int):  # error:31: [type-mismatch] "`prev` is declared as"
    return 0


@bpf
@section("tp_btf/sched_switch")
def made(ctx, preempt: struct_task_struct, prev):  # error:15: [type-mismatch] "`preempt` is declared as"
    return 0


@bpf
@section("fentry/vfs_read")
def truth(file: c_bool):  # error:11: [type-mismatch] "leave the annotation out"
    return 0


@bpf
@section("lsm/file_open")
def hook(file: c_int):  # error:10: [type-mismatch] "what the kernel passes is"
    return 0


@bpf
@section("fentry/vfs_read")
def address(file: c_uint64, buf, count: c_int):
    return 0


@bpf
@section("fentry/vfs_read")
def pointer(file: struct_file):
    return 0


@bpf
@section("usdt//proc/self/exe:pbpf:passed")
def twelve(ctx, a, b, c, d, e, f, g, h, i, j, k, l):
    return 0


@bpf
@section("usdt//proc/self/exe:pbpf:passed")
def thirteen(ctx, a, b, c, d, e, f, g, h, i, j, k, l, m):  # error:55: [wrong-arity] "12 arguments at most"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
