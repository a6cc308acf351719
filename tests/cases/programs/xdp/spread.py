"""Spreads sources over processors before the network stack sees the packets; what no processor waits for stays where it is."""
#: verify
#: set: processors=2
#: put: queues[0] = 192
#: run: spread(packet=eth/ip(src=10.0.0.2)) == XDP_REDIRECT -> run spread(packet=eth/ip(src=10.0.0.1)) == XDP_PASS
#: run: spread(packet=eth/ip(src=10.1.0.2)) == XDP_PASS -> run spread(packet=eth/ip(src=10.1.0.1)) == XDP_REDIRECT
#: run: spread(packet=eth/ip6) == XDP_PASS
#: run: spread(packet=eth/ip(src=10.0.0.2) cut N) for N in 0..30 == XDP_PASS
#: global: given == 4
#: needs: file:/usr/sbin/ip
#: attach: veth
#: workload: ping 10.77.0.1 3 == 3
#: global: given >= 7
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32, c_uint64

from pbpf import atomic_add, bpf, bpfglobal, map, section
from pbpf.maps import CpuMap
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_PASS, struct_ethhdr, struct_iphdr

LICENSE = "GPL"


@bpf
@map
def queues():
    """For each processor, how many packets may wait for it."""
    return CpuMap(max_entries=64)


@bpf
@bpfglobal(const=True)
def processors() -> c_uint32:
    return 1


@bpf
@bpfglobal
def given() -> c_uint64:
    return 0


@bpf
@section("xdp")
def spread(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    source = struct_iphdr(eth + 1).saddr
    atomic_add(given, 1)
    return queues.redirect((source ^ source >> 8 ^ source >> 16 ^ source >> 24) % processors, XDP_PASS)
