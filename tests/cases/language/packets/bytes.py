"""Bytes of a packet: at constant and variable positions, read and written."""
#: verify
#: run: bytes_of(packet=hex(00112233445566778899aabbccddeeff)) == 2 -> packet hex(07112233445566778899aabbccddef66)
#: global: third == 0x33
#: global: picked == 0x55
#: global: behind == 0x77
#: global: joined == 0x99
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32

from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_vlan_hdr

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def which() -> c_uint32:
    return 5


@bpf
@bpfglobal
def third() -> c_uint32:
    return 0


@bpf
@bpfglobal
def picked() -> c_uint32:
    return 0


@bpf
@bpfglobal
def behind() -> c_uint32:
    return 0


@bpf
@bpfglobal
def joined() -> c_uint32:
    return 0


@bpf
@section("xdp")
def bytes_of(ctx):
    global third, picked, behind, joined
    if ctx.data + 16 > ctx.data_end:
        return XDP_DROP
    third = ctx.data[3]
    picked = ctx.data[which & 7]
    at = ctx.data + 5
    behind = at[2]
    header = struct_ethhdr(ctx.data)
    if which == 5:
        header = struct_vlan_hdr(ctx.data)
    joined = header[9]
    ctx.data[0] = 7
    ctx.data[14] += 1
    header[which * 3] = ctx.data[6]
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
