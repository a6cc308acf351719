"""A program that may sleep reads memory of the user that is not at hand."""

#: needs: fentry
#: verify
#: vm: 7.3
#: attach
#: workload: open 1
#: prints: "opens /pbpf-no-such-file"
from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_copy_from_user


@bpf
@section("fentry.s/__x64_sys_openat")
def opened(regs):
    name = str(32)
    if bpf_copy_from_user(name, 32, regs.si) == 0:
        print(f"opens {name}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
