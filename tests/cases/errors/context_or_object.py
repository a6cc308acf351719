"""Helpers that take the context in some programs and an object in others, given the other."""
#: check
from pbpf import bpf, section
from pbpf.helper import bpf_get_socket_cookie

LICENSE = "GPL"


@bpf
@section("tp_btf/inet_sock_set_state")
def without(sk, old, new):
    bpf_get_socket_cookie()  # error:5: [wrong-argument-count] "bpf_get_socket_cookie(ctx)"
    return 0


@bpf
@section("tc")
def with_number(skb):
    return bpf_get_socket_cookie(5)  # error:12: [wrong-argument-count] "bpf_get_socket_cookie(ctx)"
