"""Packets of a control group are dropped by their port where they arrive."""

#: verify
#: vm: 6.1 6.12 7.3
#: attach: cgroup
#: workload: udp-echo 127.0.0.1:7777 3 == 3
#: workload: udp-echo 127.0.0.1:7778 3 == 0
#: global: seen >= 6
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import ntohs
from vmlinux import struct_iphdr, struct_udphdr


@bpf
@bpfglobal
def seen() -> c_uint64:
    return c_uint64(0)


@bpf
@section("cgroup_skb/ingress")
def arrives(skb):
    global seen
    ip = struct_iphdr(skb.data)
    if ip.version != 4 or ip.protocol != 17:
        return 1
    seen += 1
    udp = struct_udphdr(ip + 1)
    return int(ntohs(udp.dest) != 7778)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
