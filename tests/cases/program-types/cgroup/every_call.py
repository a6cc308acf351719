"""Every call that has an address, of sockets of IPv4 and IPv6, in a control group."""
#: verify
#: vm: 6.1 6.12 7.3
#: attach: cgroup
#: workload: sockets 4 == 9
#: workload: sockets 6 == 9
#: map: calls[0] >= 3
#: map: calls[1] >= 3
#: map: calls[2] >= 2
#: map: calls[3] >= 2
#: map: calls[4] >= 1
#: map: calls[5] >= 1
#: map: calls[6] >= 2
#: map: calls[7] >= 2
#: map: calls[8] >= 1
#: map: calls[9] >= 1
#: map: calls[10] >= 1
#: map: calls[11] >= 1
#: map: calls[12] >= 3
#: map: calls[13] >= 6
#: map: calls[14] >= 6
#: map: calls[15] >= 2
#: map: calls[16] >= 2
from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.helper import ntohl
from pbpf.maps import Array

LICENSE = "GPL"
BIND4, BIND6, CONNECT4, CONNECT6, SENDMSG4, SENDMSG6, RECVMSG4, RECVMSG6 = 0, 1, 2, 3, 4, 5, 6, 7
PEER4, PEER6, OWN4, OWN6, POST_BIND6, CREATE, RELEASE, IN, OUT = 8, 9, 10, 11, 12, 13, 14, 15, 16


@bpf
@map
def calls():
    return Array(value=c_uint64, max_entries=17)


@bpf
def local(ctx):
    return ntohl(ctx.user_ip4) == 0x7f000001


@bpf
def local6(ctx):
    return ctx.user_ip6[0] == 0 and ntohl(ctx.user_ip6[3]) == 1


@bpf
@section("cgroup/bind4")
def bind4(ctx):
    if local(ctx):
        calls[BIND4] += 1
    return 1


@bpf
@section("cgroup/bind6")
def bind6(ctx):
    if local6(ctx):
        calls[BIND6] += 1
    return 1


@bpf
@section("cgroup/connect4")
def connect4(ctx):
    if local(ctx):
        calls[CONNECT4] += 1
    return 1


@bpf
@section("cgroup/connect6")
def connect6(ctx):
    if local6(ctx):
        calls[CONNECT6] += 1
    return 1


@bpf
@section("cgroup/sendmsg4")
def sendmsg4(ctx):
    if local(ctx):
        calls[SENDMSG4] += 1
    return 1


@bpf
@section("cgroup/sendmsg6")
def sendmsg6(ctx):
    if local6(ctx):
        calls[SENDMSG6] += 1
    return 1


@bpf
@section("cgroup/recvmsg4")
def recvmsg4(ctx):
    if local(ctx):
        calls[RECVMSG4] += 1
    return 1


@bpf
@section("cgroup/recvmsg6")
def recvmsg6(ctx):
    if local6(ctx):
        calls[RECVMSG6] += 1
    return 1


@bpf
@section("cgroup/getpeername4")
def peer4(ctx):
    if local(ctx):
        calls[PEER4] += 1
    return 1


@bpf
@section("cgroup/getpeername6")
def peer6(ctx):
    if local6(ctx):
        calls[PEER6] += 1
    return 1


@bpf
@section("cgroup/getsockname4")
def own4(ctx):
    if local(ctx):
        calls[OWN4] += 1
    return 1


@bpf
@section("cgroup/getsockname6")
def own6(ctx):
    if local6(ctx):
        calls[OWN6] += 1
    return 1


@bpf
@section("cgroup/post_bind6")
def bound6(ctx):
    if ctx.src_port > 0:
        calls[POST_BIND6] += 1
    return 1


@bpf
@section("cgroup/sock_create")
def creates(ctx):
    calls[CREATE] += 1
    return 1


@bpf
@section("cgroup/sock_release")
def releases(ctx):
    calls[RELEASE] += 1
    return 1


@bpf
@section("cgroup_skb/ingress")
def comes(skb):
    calls[IN] += 1
    return 1


@bpf
@section("cgroup_skb/egress")
def goes(skb):
    calls[OUT] += 1
    return 1
