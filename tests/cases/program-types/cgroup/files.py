"""The calls of sockets that are named by files, in a control group."""
#: verify
#: bpftool: no "that of Debian 12 knows no such sections"
#: vm: 6.12 7.3
#: attach: cgroup
#: workload: sockets unix == 7
#: map: calls[0] >= 2
#: map: calls[1] >= 1
#: map: calls[2] >= 1
#: map: calls[3] >= 1
#: map: calls[4] >= 1
from ctypes import c_uint64

from pbpf import bpf, map, section
from pbpf.maps import Array

LICENSE = "GPL"
CONNECT, SENDMSG, RECVMSG, PEER, OWN = 0, 1, 2, 3, 4
# AF_UNIX
FILES = 1


@bpf
@map
def calls():
    return Array(value=c_uint64, max_entries=5)


@bpf
@section("cgroup/connect_unix")
def connects(ctx):
    if ctx.family == FILES:
        calls[CONNECT] += 1
    return 1


@bpf
@section("cgroup/sendmsg_unix")
def sends(ctx):
    if ctx.family == FILES:
        calls[SENDMSG] += 1
    return 1


@bpf
@section("cgroup/recvmsg_unix")
def receives(ctx):
    if ctx.family == FILES:
        calls[RECVMSG] += 1
    return 1


@bpf
@section("cgroup/getpeername_unix")
def peer(ctx):
    if ctx.family == FILES:
        calls[PEER] += 1
    return 1


@bpf
@section("cgroup/getsockname_unix")
def own(ctx):
    if ctx.family == FILES:
        calls[OWN] += 1
    return 1
