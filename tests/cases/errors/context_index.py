"""A word of the context is chosen by a constant, where nobody says how many there are: the verifier asks for it."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("raw_tp/sys_enter")
def entered(ctx):
    i = ctx.args[1] & 1
    return ctx.args[i]  # error:12: [not-constant] "constant index"


@bpf
@section("tc/ingress")
def constant(skb):
    skb.cb[2] = 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
