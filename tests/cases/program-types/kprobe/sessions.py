"""A session sees a function entered and left; where it gives 1 at the entry, it does not see the return."""
#: needs: kprobes
#: verify
#: bpftool: no "that of Debian 12 knows no sessions"
#: vm: 6.12 7.3
#: attach
#: workload: unlink probed-file == 1
#: global: both == 2
#: global: entries == 1
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section

LICENSE = "GPL"


@bpf
@bpfglobal
def both() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def entries() -> c_uint64:
    return c_uint64(0)


@bpf
@section("kprobe.session/vfs_unlink")
def session(ctx):
    global both
    both += 1
    return 0


@bpf
@section("kprobe.session/vfs_unlink")
def entry_only(ctx):
    global entries
    entries += 1
    return 1
