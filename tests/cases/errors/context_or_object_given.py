"""An object that is no socket, and a socket in a function of a program that gives the context."""
#: check
from pbpf import bpf, section
from pbpf.helper import bpf_get_current_task_btf, bpf_get_socket_cookie

LICENSE = "GPL"


@bpf
@section("tp_btf/inet_sock_set_state")
def other(sk, old, new):
    bpf_get_socket_cookie(bpf_get_current_task_btf())  # error:27: [wrong-argument-type] "struct sock"
    return 0


@bpf
def cookie(sk):
    return bpf_get_socket_cookie(sk)  # error:12: [bad-call] "takes the context in programs of type `skb:tc`"


@bpf
@section("tc")
def of_packet(skb):
    sk = skb.sk
    if sk is not None:
        return cookie(sk)
    return 0
