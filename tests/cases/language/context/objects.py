"""Helpers that take the context in some programs, and an object of the kernel in others."""
#: verify
#: vm: 6.12 7.3
#: run: cookies(packet=zeros(64)) == 0
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_socket_cookie, bpf_getsockopt, bpf_setsockopt, bpf_xdp_get_buff_len
from vmlinux import struct_sock, struct_xdp_buff

LICENSE = "GPL"


@bpf
@bpfglobal
def last() -> c_uint64:
    return c_uint64(0)


@bpf
@section("tc")
def cookies(skb):
    return bpf_get_socket_cookie() - bpf_get_socket_cookie(skb)


# SO_MARK of SOL_SOCKET, by the context.
@bpf
@section("sockops")
def marks(ops):
    mark = c_uint32(7)
    bpf_setsockopt(1, 36, mark)
    bpf_setsockopt(ops, 1, 36, mark, 4)
    return 1


# The same of an object, in a function too.
@bpf
def marked(sk):
    value = c_uint32(0)
    bpf_getsockopt(sk, 1, 36, value)
    return value


@bpf
@section("cgroup/setsockopt")
def seen(ctx):
    sk = ctx.sk
    if sk is not None:
        return marked(sk) == 0
    return 1


@bpf
@section("tp_btf/inet_sock_set_state")
def on_state(sk, old, new):
    global last
    last = bpf_get_socket_cookie(sk)
    return 0
