"""Sends a record of each packet to user space through a ring buffer."""

from ctypes import c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import RingBuffer
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_PASS, struct_ethhdr, struct_iphdr


@bpf
@struct
class Record:
    length: c_uint64
    source: c_uint32
    target: c_uint32
    protocol: c_uint8


@bpf
@map
def records():
    return RingBuffer(max_entries=1 << 18)


@bpf
@section("xdp")
def prog(ctx):
    data = ctx.data
    if data + 34 > ctx.data_end:
        return XDP_PASS
    eth = struct_ethhdr(data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(data + 14)
    record = Record(length=ctx.data_end - data, source=ip.saddr, target=ip.daddr, protocol=ip.protocol)
    records.output(record)
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
