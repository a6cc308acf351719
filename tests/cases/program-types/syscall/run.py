"""User space runs a program, which may sleep."""

#: verify
#: vm: 6.1 6.12 7.3
#: run: act() == 3
from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_btf_find_by_name_kind


@bpf
@section("syscall")
def act(ctx):
    # BTF_KIND_STRUCT
    found = bpf_btf_find_by_name_kind("task_struct", 12, 4, 0)
    return 3 if found > 0 else 4


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
