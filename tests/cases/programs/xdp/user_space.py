"""Frames of one protocol go past the kernel's stack to a program in user space (AF_XDP), with a mark in the link address; the rest goes on."""
#: verify
#: run: to_user(packet=eth/ip/udp(dport=4242)) == XDP_PASS -> map redirected[0] == 0
#: run: to_user(packet=eth/ip/udp(dport=4242) cut N) for N in 0..42 == XDP_PASS
#: needs: file:/usr/sbin/ip
#: attach: veth
#: workload: frame eth/ip/udp(dport=4242)/"before the socket"
#: receive: sockets[0]
#: received: nothing
#: workload: frame eth/ip/udp(dport=4242)/"first" -> received eth(src=02:00:00:00:42:42)/ip/udp(dport=4242)/"first"
#: workload: frame eth/ip/udp(dport=4243)/"another port" -> received nothing
#: workload: frame eth/ip/udp(dport=4242)/count(1400) -> workload frame eth/ip/udp(dport=4242)/"third"
#: received: eth(src=02:00:00:00:42:42)/ip/udp(dport=4242)/count(1400) -> received eth(src=02:00:00:00:42:42)/ip/udp(dport=4242)/"third"
#: map: redirected[0] == 3
#: workload: ping 10.77.0.1 3 == 3 -> received nothing
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.maps import PerCpuArray, XskMap
from pbpf.net import ETH_HLEN, ETH_P_IP, IPPROTO_UDP, htons
from vmlinux import XDP_PASS, XDP_REDIRECT, struct_ethhdr, struct_iphdr, struct_udphdr

LICENSE = "GPL"

PORT = 4242


@bpf
@map
def sockets():
    return XskMap(max_entries=64)


@bpf
@map
def redirected():
    return PerCpuArray(key=c_uint32, value=c_uint64, max_entries=1)


@bpf
@section("xdp")
def to_user(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(ctx.data + ETH_HLEN)
    if ip.protocol != IPPROTO_UDP or ip.ihl < 5:
        return XDP_PASS
    udp = struct_udphdr(ctx.data + ETH_HLEN + ip.ihl * 4)
    if udp.dest != htons(PORT):
        return XDP_PASS
    verdict = sockets.redirect(ctx.rx_queue_index, XDP_PASS)
    if verdict == XDP_REDIRECT:
        eth.h_source[4] = 0x42
        eth.h_source[5] = 0x42
        redirected[0] += 1
    return verdict
