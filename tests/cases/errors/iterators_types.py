"""Arguments of the kernel's iterators, and kernels that do not have them."""

#: flags: --target-kernel 6.1
from pbpf import bpf, bpfglobal, section
from pbpf.kfuncs import bpf_iter_num, bpf_iter_task


@bpf
@section("syscall")
def main(ctx):
    # error:14: [target-too-old] "`bpf_iter_num_new` since kernel 6.4"
    # error:14: [target-too-old] "`bpf_iter_num_next` since kernel 6.4"
    for i in bpf_iter_num(0, 3):
        pass
    # error:17: [target-too-old] "`bpf_iter_task_new` since kernel 6.7"
    # error:17: [target-too-old] "`bpf_iter_task_next` since kernel 6.7"
    for task in bpf_iter_task(5, 0):  # error:31: [wrong-argument-type] "task_struct"
        pass
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
