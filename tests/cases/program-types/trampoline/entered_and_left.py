"""A function is traced where it is entered and where it returns, with typed arguments and its result."""

#: needs: fentry
#: verify
#: vm: 6.1 6.12 7.3
#: attach
#: workload: unlink pbpf-traced
#: prints: "unlink pbpf-traced in $comm"
#: prints: "unlinked: 0"
#: prints: "alone: 0"
from pbpf import bpf, bpfglobal, section
from pbpf.helper import comm


@bpf
@section("fentry/vfs_unlink")
def entered(idmap, dir, dentry):
    who = str(16)
    comm(who)
    # The parent is followed without copying, the name is text behind a pointer.
    if dentry.d_parent.d_inode.i_ino == dir.i_ino:
        print(f"unlink {dentry.d_name.name} in {who}")
    return 0


@bpf
@section("fexit/vfs_unlink")
def left(idmap, dir, dentry, delegated, ret):
    print(f"unlinked: {ret}")


@bpf
@section("fexit/vfs_unlink")
def left_with(ret):
    print(f"alone: {ret}")


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
