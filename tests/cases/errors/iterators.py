"""Wrong uses of the kernel's iterators."""

from pbpf import bpf, bpfglobal, section
from pbpf.kfuncs import bpf_iter_num, bpf_iter_task, bpf_iter_tasks  # error:54: [unknown-helper]


@bpf
@section("syscall")
def main(ctx):
    for i in bpf_iter_num(3):  # error:14: [wrong-argument-count] "bpf_iter_num(start, end)"
        pass
    for i, j in bpf_iter_num(0, 3):  # error:9: [unsupported-for]
        pass
    all = bpf_iter_num(0, 3)  # error:11: [bad-value] "for x in"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
