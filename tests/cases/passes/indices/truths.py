"""A truth value as index: LLVM computes it from the number that it was found by, of which the verifier may know less."""
#: verify
#: vm: 6.12 7.3
#: run: shifted(packet=zeros(64)) == 1
#: run: shifted(packet=ones(64)) == 1
#: run: shifted(packet=hex(0500000000000000000000000000)) == 256

from ctypes import c_int32, c_int64, c_uint8

from pbpf import bpf, bpfglobal, section, struct


@bpf
@struct
class Head:
    octets: c_uint8 * 2


@bpf
@bpfglobal
def cells() -> c_int32 * 8:
    return (c_int32 * 8)()


@bpf
@section("xdp")
def shifted(ctx) -> c_int64:
    head = Head(ctx.data)
    bit = (head.octets[0] > 3) >> (head.octets[1] & 1)
    other = bit in (0, 2)
    cells[0] = 0
    cells[1] = 0
    cells[other & 7] = 1
    return cells[0] * 256 + cells[1]
