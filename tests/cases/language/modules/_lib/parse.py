"""A struct, a constant of constants, a function of packets."""

from ctypes import c_int64
from pbpf import bpf, struct
from pbpf.net import ntohs
from vmlinux import struct_udphdr
from .net.headers import ETH
MIN_SIZE = ETH + 28

@bpf
@struct
class Header:
    a: c_int64

@bpf
def dport(ctx):
    if ctx.data + MIN_SIZE > ctx.data_end:
        return 0
    return ntohs(struct_udphdr(ctx.data + 34).dest)
