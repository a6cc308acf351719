"""Fields that only some programs of control groups have."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("cgroup/connect4")
def connects(ctx):
    return int(ctx.user_ip6[0] == 0)  # error:16: [unknown-field] "cannot read `user_ip6`"


@bpf
@section("cgroup/sock_create")
def makes(ctx):
    return int(ctx.src_port == 0)  # error:16: [unknown-field] "cannot read `src_port`"


@bpf
@section("cgroup/sysctl")
def parameter(ctx):
    return ctx.name  # error:12: [unknown-field] "it has write, file_pos"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
