"""Sockets are looked up, chosen and followed by programs."""

#: verify
#: vm: 6.1 6.12 7.3
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.helper import bpf_msg_apply_bytes, bpf_sk_assign, bpf_sk_release, bpf_sk_select_reuseport, bpf_sock_ops_cb_flags_set
from pbpf.maps import ReuseportSockArray


@bpf
@map
def group() -> ReuseportSockArray:
    return ReuseportSockArray(max_entries=4)


@bpf
@section("sk_lookup")
def lookup(ctx):
    if ctx.protocol == 6 and ctx.local_port == 7 and ctx.remote_ip6[0] == 0:
        return 0
    return 1


@bpf
@section("sk_reuseport")
def choose(ctx):
    key = c_uint32(ctx.hash & 3)
    bpf_sk_select_reuseport(ctx, group, key, 0)
    return 1


@bpf
@section("sk_msg")
def message(ctx):
    bpf_msg_apply_bytes(ctx, ctx.size)
    first = ctx.data[0]
    return 1 if first != 0 else 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
