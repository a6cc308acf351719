"""What programs with typed arguments find in their context: nothing."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("iter/task")
def tasks(ctx):
    # error:11: [unknown-field] "in parameters"
    print(ctx.task.pid)
    return 0


@bpf
@section("netfilter")
def hook(ctx):
    return ctx.skp.len  # error:12: [unknown-field] "did you mean `skb`?"


@bpf
@section("fentry/vfs_read")
def reads(file):
    return file.f_flgs  # error:12: [unknown-field] "did you mean `f_flags`?"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
