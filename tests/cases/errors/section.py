"""Sections that no program type has; the nearest is named."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepont/syscalls/sys_enter_execve")  # error:10: [unknown-section] "tracepoint"
def one(ctx):
    return 0


@bpf
@section("xdq")  # error:10: [unknown-section] "xdp"
def two(ctx):
    return 0


@bpf
@section("")  # error:10: [unknown-section]
def three(ctx):
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
