"""Addresses are changed and refused where processes of a control group use them."""

#: verify
#: vm: 6.1 6.12 7.3
#: attach: cgroup
#: workload: udp 127.0.0.1:9 3 == 0
#: workload: udp-echo 127.0.0.1:7780 3 == 3
#: global: refused >= 1
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import ntohl, ntohs


@bpf
@bpfglobal
def refused() -> c_uint64:
    return c_uint64(0)


@bpf
@section("cgroup/connect4")
def connect(ctx):
    return 1


@bpf
@section("cgroup/sendmsg4")
def send(ctx):
    global refused
    if ntohs(ctx.user_port) == 9 and ntohl(ctx.user_ip4) == 0x7f000001:
        refused += 1
        return 0
    return 1


@bpf
@section("cgroup/bind6")
def bind6(ctx):
    if ctx.user_ip6[3] == 0:
        ctx.user_ip6[3] = 1
    return 3


@bpf
@section("cgroup/recvmsg4")
def told(ctx):
    ctx.user_port = ctx.user_port
    return 1


@bpf
@section("cgroup/post_bind4")
def bound(ctx):
    return int(ntohs(ctx.src_port) != 1)


@bpf
@section("cgroup/sock_create")
def makes(ctx):
    ctx.mark = 5
    return 1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
