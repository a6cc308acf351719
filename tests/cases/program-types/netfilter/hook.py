"""A netfilter hook reads the kernel's own packet."""

#: verify
#: bpftool: no "that of Debian 12 does not know the section"
#: vm: 6.12 7.3
from pbpf import bpf, bpfglobal, section
from vmlinux import NF_ACCEPT, NF_DROP


@bpf
@section("netfilter")
def hook(ctx):
    if ctx.skb.len > 1400 and ctx.state.hook == 0:
        return NF_DROP
    return NF_ACCEPT


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
