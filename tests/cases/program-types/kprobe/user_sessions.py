"""Sessions of user space: entered and left, or entered only."""
#: needs: kprobes
#: verify
#: bpftool: no "that of Debian 12 knows no sessions"
#: vm: 7.3
#: attach
#: workload: probe 3 == 3
#: global: both == 6
#: global: entries == 3
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
@section("uprobe.session//proc/self/exe:pbpf_traced")
def session(ctx):
    global both
    both += 1
    return 0


@bpf
@section("uprobe.session.s//proc/self/exe:pbpf_traced")
def entry_only(ctx):
    global entries
    entries += 1
    return 1
