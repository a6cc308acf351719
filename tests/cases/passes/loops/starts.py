"""A loop may start behind its limit, or meet it between two steps: it runs no round more, and no check ends the program."""
#: verify
#: vm: 6.1 6.12
#: run: behind(packet=hex(07)/zeros(63)) == 100
#: run: behind(packet=hex(00)/zeros(63)) == 103
#: run: steps(packet=hex(00)/zeros(63)) == 103
#: run: steps(packet=hex(02)/zeros(63)) == 103
#: run: steps(packet=hex(07)/zeros(63)) == 101
#: run: down(packet=hex(00)/zeros(63)) == 100
#: run: down(packet=hex(07)/zeros(63)) == 104
from vmlinux import struct_ethhdr

from pbpf import bpf, bpfglobal, section


@bpf
@section("xdp")
def behind(ctx):
    n = 100
    for i in range(struct_ethhdr(ctx.data).h_dest[0] & 7, 3):
        n += 1
    return n


@bpf
@section("xdp")
def steps(ctx):
    n = 100
    for i in range(struct_ethhdr(ctx.data).h_dest[0] & 7, 9, 3):
        n += 1
    return n


@bpf
@section("xdp")
def down(ctx):
    n = 100
    for i in range(struct_ethhdr(ctx.data).h_dest[0] & 7, 3, -1):
        n += 1
    return n


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
