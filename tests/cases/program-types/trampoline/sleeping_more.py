"""Where a call is left, and where it could be answered, by programs that may sleep."""
#: needs: fentry
#: verify
#: vm: 7.3
#: attach
#: workload: open 3 == 3
#: global: opened >= 3
#: global: hooks >= 3
#: prints: "no such file -2"
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_copy_from_user, comm

LICENSE = "GPL"


@bpf
@bpfglobal
def opened() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def hooks() -> c_uint64:
    return c_uint64(0)


@bpf
@section("fexit.s/__x64_sys_openat")
def left(regs, ret):
    global opened
    name = str(32)
    bpf_copy_from_user(name, 32, regs.si)
    if name.startswith("/pbpf-no-such"):
        opened += 1
        print(f"no such file {ret}")
    return 0


@bpf
@section("fmod_ret.s/__x64_sys_openat")
def unchanged(regs, ret):
    # 0 lets the call go on.
    return 0


@bpf
@section("fentry.s/__x64_sys_openat")
def counts(regs):
    global hooks
    who = str(16)
    comm(who)
    if who == "pbpf-work":
        hooks += 1
    return 0
