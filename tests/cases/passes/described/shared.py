"""One function reads the arguments of all programs; its name gives way to the user's."""

#: verify
#: bpftool: no "that of Debian 12 does not know `usdt.s`"
#: vm: 6.1 6.12 7.3
from ctypes import c_int32, c_uint64

from pbpf import bpf, bpfglobal, section


@bpf
def described_argument(n: c_uint64) -> c_uint64:
    return n + 1


@bpf
@section("usdt//usr/bin/python3:python:line")
def line(ctx, file, function, number: c_int32):
    print(f"{file:x} {function:x} {described_argument(number)}")
    return 0


@bpf
@section("usdt.s//usr/bin/python3:python:gc__start")
def start(ctx, generation):
    # Addresses among arguments are the user's.
    return int(generation > 1)


@bpf
@section("usdt")
def anywhere(ctx):
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
