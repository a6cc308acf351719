"""A congestion control of TCP, written as a class that the kernel's struct gives the methods of."""

#: verify
#: bpftool: no "that of Debian 12 knows no links of callbacks"
#: vm: 6.12 7.3
#: attach
#: file: /proc/sys/net/ipv4/tcp_available_congestion_control has "pbpf_reno"
#: workload: udp-echo 127.0.0.1:7784 1 == 1
#: detach
from pbpf import bpf, bpfglobal, struct_ops
from vmlinux import struct_tcp_sock


@bpf
class Reno(struct_ops.tcp_congestion_ops):
    name = "pbpf_reno"

    def ssthresh(self, sk: struct_tcp_sock):
        return max(sk.snd_cwnd >> 1, 2)

    def cong_avoid(self, sk: struct_tcp_sock, ack, acked):
        if sk.snd_cwnd < sk.snd_ssthresh:
            sk.snd_cwnd += acked
        else:
            sk.snd_cwnd_cnt += acked
            if sk.snd_cwnd_cnt >= sk.snd_cwnd:
                sk.snd_cwnd_cnt = 0
                sk.snd_cwnd += 1

    def undo_cwnd(self, sk: struct_tcp_sock):
        return max(sk.snd_cwnd, sk.prior_cwnd)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
