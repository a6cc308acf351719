"""Results that the kernel does not take from a type of programs."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("fentry/vfs_read")
def entered(file):
    file.f_flags = 1  # error:5: [read-only] "kernel memory"
    return 5  # error:12: [return-out-of-range] "return 0"


@bpf
@section("lsm/file_open")
def hook(file):
    return 1  # error:12: [return-out-of-range] "-4095 to 0"


@bpf
@section("lsm_cgroup/socket_bind")
def group_hook(sock):
    return 2  # error:12: [return-out-of-range] "0 to 1"


@bpf
@section("iter/task")
def tasks(meta, task):
    return 2  # error:12: [return-out-of-range] "0 to 1"


@bpf
@section("kprobe.session/vfs_*")
def session(ctx):
    return 2  # error:12: [return-out-of-range] "0 to 1"


@bpf
@section("netfilter")
def filters(ctx):
    ctx.skb.len = 3  # error:5: [read-only] "kernel memory"
    return 3  # error:12: [return-out-of-range] "NF_ACCEPT"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
