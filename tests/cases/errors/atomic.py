"""Atomic operations are on memory that programs share, of 32 or 64 bits."""
#: check
from ctypes import c_uint8, c_uint16, c_uint64

from pbpf import atomic_add, bpf, bpfglobal, section, struct
from vmlinux import struct_ethhdr


@bpf
@bpfglobal
def byte() -> c_uint8:
    return 0


@bpf
@bpfglobal
def total() -> c_uint64:
    return 0


@bpf
@section("xdp")
def main(ctx):
    local = 5
    atomic_add(local, 1)  # error:16: [bad-atomic] "local variable"
    atomic_add(byte, 1)  # error:16: [bad-atomic] "32 or 64 bits"
    atomic_add(5, 1)  # error:16: [bad-atomic]
    eth = struct_ethhdr(ctx.data)
    atomic_add(eth.h_proto, 1)  # error:16: [bad-atomic] "packet data cannot be changed atomically"
    atomic_add(ctx.rx_queue_index, 1)  # error:16: [bad-atomic] "the context cannot be changed atomically"
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
