"""Results that are computed are compared with what the kernel takes; one outside is a failed check."""

#: verify
#: vm: 6.1 6.12 7.3
#: set: answer=1
#: attach: cgroup
#: workload: udp-echo 127.0.0.1:7786 1 == 1
#: global: asked >= 1
from ctypes import c_int64, c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import uid


@bpf
@bpfglobal
def answer() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def asked() -> c_uint64:
    return c_uint64(0)


@bpf
@section("cgroup_skb/egress")
def computed(skb):
    global asked
    asked += 1
    return answer


@bpf
@section("cgroup_skb/ingress")
def chosen(skb):
    verdict = 1
    if skb.len > 100000:
        verdict = 0
    return verdict


@bpf
@section("cgroup/connect4")
def modulo(ctx):
    return ctx.user_port % 3


@bpf
@section("cgroup/recvmsg4")
def only_one(ctx):
    return answer


@bpf
@section("cgroup/post_bind4")
def looped(ctx):
    found = 1
    for i in range(4):
        if ctx.src_port == i:
            found = i
    return found


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
