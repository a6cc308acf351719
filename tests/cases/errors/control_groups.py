"""What programs of control groups may not read, write and return."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("cgroup/connect4")
def connects(ctx):
    return 2  # error:12: [return-out-of-range] "0 to 1"


@bpf
@section("cgroup/recvmsg4")
def told(ctx):
    return 0  # error:12: [return-out-of-range] "return 1"


@bpf
@section("cgroup/bind4")
def binds(ctx):
    ctx.family = 2  # error:5: [read-only] "user_ip4"
    return 3


@bpf
@section("cgroup/getsockopt")
def asks(ctx):
    ctx.level = 3  # error:5: [read-only] "these can: optlen, retval"
    return 1


@bpf
@section("cgroup/dev")
def opens(ctx):
    ctx.major = 1  # error:5: [read-only] "only read"
    return 1


@bpf
@section("sockops")
def follows(ctx):
    ctx.snd_cwnd = 4  # error:5: [read-only] "these can: reply, sk_txhash"
    ctx.replylong[2] = 1  # error:5: [read-only] "these can: reply, sk_txhash"
    return 1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
