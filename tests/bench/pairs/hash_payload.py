"""A hash (FNV-1a) over the first 64 bytes of a packet, in a loop; the action is taken from it."""

from ctypes import c_uint8, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap
from vmlinux import XDP_PASS


@bpf
@struct
class Payload:
    octets: c_uint8 * 64


@bpf
@map
def last():
    return ArrayMap(key=c_uint32, value=c_uint32, max_entries=1)


@bpf
@section("xdp")
def prog(ctx):
    data = ctx.data
    if data + 64 > ctx.data_end:
        return XDP_PASS
    payload = Payload(data)
    h: c_uint32 = 2166136261
    for i in range(64):
        h = (h ^ payload.octets[i]) * 16777619
    last[0] = h
    return h % 2 + 1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
