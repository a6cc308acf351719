"""A netfilter hook reads the kernel's own packet."""

#: verify
#: bpftool: no "that of Debian 12 does not know the section"
#: vm: 6.12 7.3
#: attach: local-in
#: workload: udp-echo 127.0.0.1:7780 3 == 2
#: global: seen == 3
#: detach
#: workload: udp-echo 127.0.0.1:7780 3 == 3
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from vmlinux import NF_ACCEPT, NF_DROP


@bpf
@bpfglobal
def seen() -> c_uint64:
    return c_uint64(0)


# One byte of UDP in IPv4; of three datagrams the second goes.
@bpf
@section("netfilter")
def hook(ctx):
    global seen
    if ctx.skb.len == 29 and ctx.state.hook == 1:
        seen += 1
        if seen == 2:
            return NF_DROP
    return NF_ACCEPT


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
