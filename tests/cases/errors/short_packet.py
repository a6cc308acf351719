"""Keywords of `@section`."""

from pbpf import bpf, bpfglobal, section
from vmlinux import XDP_DROP


@bpf
@section("xdp", short_packet=9)  # error:30: [return-out-of-range] "XDP_DROP (1)"
def outside(ctx):
    return 2


@bpf
@section("xdp", short=XDP_DROP)  # error:23: [unsupported-keyword] "it takes `short_packet`"
def unknown(ctx):
    return 2


@bpf
@section("kprobe/vfs_read", short_packet=0)  # error:42: [unsupported-keyword] "name alone"
def none(ctx):
    return 0


@bpf
@section("xdp", short_packet=later)  # error:30: [not-constant]
def variable(ctx):
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
