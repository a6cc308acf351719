"""Sends frames back out of a device that a map names, by the link address's last byte; the rest goes on to the stack."""
#: verify
#: run: hairpin(packet=eth) == XDP_PASS
#: run: hairpin(packet=eth cut N) for N in 0..6 == XDP_PASS
#: needs: file:/usr/sbin/ip
#: attach: veth generic
#: workload: frame eth(dst=02:00:00:00:00:09)/ip/udp answered eth(dst=02:00:00:00:00:09)/ip/udp == 0
#: put: devices[9] = 3
#: workload: frame eth(dst=02:00:00:00:00:09)/ip/udp/"there and back" answered eth(dst=02:00:00:00:00:09)/ip/udp/"there and back" == 1
#: map: sent[0] == 1
#: workload: ping 10.77.0.1 3 == 3
#: map: sent[0] == 1
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.maps import ArrayMap, DevMap
from vmlinux import XDP_PASS, XDP_REDIRECT, struct_ethhdr

LICENSE = "GPL"


@bpf
@map
def devices():
    return DevMap(max_entries=64)


@bpf
@map
def sent():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=1)


@bpf
@section("xdp")
def hairpin(ctx):
    verdict = devices.redirect(struct_ethhdr(ctx.data).h_dest[5], XDP_PASS)
    if verdict == XDP_REDIRECT:
        sent[0] += 1
    return verdict
