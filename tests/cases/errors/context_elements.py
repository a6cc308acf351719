"""Elements that the context does not have."""
#: check
from pbpf import bpf, section


@bpf
@section("raw_tp/sys_enter")
def plain(ctx):
    return ctx.args[12]  # error:21: [index-out-of-range] "an array of 12"


@bpf
@section("raw_tp.w/sys_enter")
def writable(ctx):
    n = 11
    return ctx.args[n] + ctx.args[-1]  # error:35: [index-out-of-range] "an array of 12"
