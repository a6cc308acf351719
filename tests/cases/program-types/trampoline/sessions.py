"""A session sees a function entered and left."""
#: needs: fentry
#: verify
#: bpftool: no "that of Debian 12 knows no sessions"
#: vm: 7.3
#: attach
#: workload: unlink probed-file == 1
#: global: seen >= 2
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section

LICENSE = "GPL"


@bpf
@bpfglobal
def seen() -> c_uint64:
    return c_uint64(0)


@bpf
@section("fsession/vfs_unlink")
def both(idmap, dir, dentry):
    global seen
    if dentry.d_name.name == "probed-file":
        seen += 1
    return 0
