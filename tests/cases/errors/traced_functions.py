"""What is wrong with programs at kernel functions, security hooks and iterators."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("fentry/vfs_raed")
def misspelled(file, buf):  # error:16: [unknown-kernel-type] "the nearest is `vfs_read`"
    return 0


@bpf
@section("fentry/vfs_read")
def too_many(file, buf, count, pos, more):  # error:37: [wrong-arity] "4 parameters"
    return 0


@bpf
@section("fexit/vfs_read")
def unnamed(file, buf, count, pos, result):  # error:36: [wrong-arity] "`ret`"
    return 0


@bpf
@section("fexit/wake_up_new_task")
def nothing(p, ret):  # error:16: [bad-argument] "returns nothing"
    return 0


@bpf
@section("fentry")
def nowhere(file):  # error:13: [unknown-kernel-type] "does not say where"
    return 0


@bpf
@section("kretprobe/vfs_read")
def twice(ctx, ret, other):  # error:21: [wrong-arity] "has returned"
    return 0


@bpf
@section("lsm/file_opn")
def hook(file):  # error:10: [unknown-kernel-type] "bpf_lsm_file_open"
    return 0


@bpf
@section("iter/taks")
def kind(meta, task):  # error:10: [unknown-kernel-type] "bpf_iter_task"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
