"""Versions that may have no value where they are read."""
#: check
from pbpf import bpf, bpfglobal, section
from pbpf.helper import pid


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def meets(ctx):
    for i in range(3):
        if i == 1:
            print(f"{y}")  # error:22: [maybe-unassigned] "`y` may have no value here"
        else:
            y = i
    print(f"{z}")  # error:14: [maybe-unassigned] "`z` may have no value here"
    z = 1
    if pid() == 1:
        z = 2
        w = 3
    return z + w  # error:16: [maybe-unassigned] "`w` may have no value here"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
