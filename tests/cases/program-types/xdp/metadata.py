"""What a device knows of a packet, asked by a program that is bound to it."""
#: verify
#: bpftool: no "it binds no programs"
#: bound: veth
#: attach: veth
#: workload: ping 10.77.0.1 3 == 3
#: global: hashed >= 3
#: global: strange == 0
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.kfuncs import bpf_xdp_metadata_rx_hash, bpf_xdp_metadata_rx_timestamp
from vmlinux import XDP_PASS

LICENSE = "GPL"

ENODATA = 61
EOPNOTSUPP = 95


@bpf
@bpfglobal
def hashed() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def strange() -> c_uint64:
    return c_uint64(0)


@bpf
@section("xdp")
def ask(ctx):
    global hashed, strange
    number = c_uint32(0)
    kind = c_uint32(0)
    if bpf_xdp_metadata_rx_hash(number, kind) == 0:
        hashed += 1
    time = c_uint64(0)
    answer = bpf_xdp_metadata_rx_timestamp(time)
    if answer not in (0, -ENODATA, -EOPNOTSUPP):
        strange += 1
    return XDP_PASS
