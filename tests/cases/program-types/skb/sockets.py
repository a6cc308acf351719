"""Sockets of a control group go into a map, and programs see what they say."""
#: verify
#: vm: 6.1 6.12 7.3
#: attach: cgroup
#: workload: tcp-echo 5 == 80
#: global: said >= 80
#: global: heard >= 80
#: detach
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.helper import bpf_sock_hash_update
from pbpf.maps import SockHash
from vmlinux import BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, SK_PASS

LICENSE = "GPL"


@bpf
@map
def sockets():
    return SockHash(key=c_uint32, value=c_uint64, max_entries=1024)


@bpf
@bpfglobal
def said() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def heard() -> c_uint64:
    return c_uint64(0)


@bpf
@section("sockops")
def follow(ctx):
    if ctx.op in (BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB):
        port = c_uint32(ctx.local_port)
        bpf_sock_hash_update(sockets, port, 0)
    return 1


@bpf
@section("sk_msg")
def on_message(msg):
    global said
    said += msg.size
    return SK_PASS


@bpf
@section("sk_skb/stream_verdict")
def on_data(skb):
    global heard
    heard += skb.len
    return SK_PASS
