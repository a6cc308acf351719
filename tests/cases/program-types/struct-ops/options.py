"""A congestion control may set options of its socket, but not where the socket is let go."""
#: check
from ctypes import c_uint32

from pbpf import bpf, struct_ops
from pbpf.constants import SO_MARK, SOL_SOCKET
from pbpf.helper import bpf_setsockopt
from vmlinux import struct_tcp_sock

LICENSE = "GPL"


@bpf
class Marks(struct_ops.tcp_congestion_ops):
    name = "pbpf_marks"

    def init(self, sk: struct_tcp_sock):
        bpf_setsockopt(sk, SOL_SOCKET, SO_MARK, c_uint32(17))

    def release(self, sk: struct_tcp_sock):
        bpf_setsockopt(sk, SOL_SOCKET, SO_MARK, c_uint32(0))  # error:9: [helper-not-allowed] "from callback `release`"

    def ssthresh(self, sk: struct_tcp_sock):
        return max(sk.snd_cwnd >> 1, 2)

    def cong_avoid(self, sk: struct_tcp_sock, ack, acked):
        sk.snd_cwnd += acked

    def undo_cwnd(self, sk: struct_tcp_sock):
        return sk.snd_cwnd
