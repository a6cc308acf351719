"""What is printed to a file goes to one of the kernel's, in programs that are handed one."""

from pbpf import bpf, bpfglobal, section
from pbpf.helper import pid


@bpf
@section("iter/task")
def tasks(meta, task):
    print("x", file=task)  # error:21: [wrong-argument-type] "seq_file"
    print("x", file=3)  # error:21: [wrong-argument-type] "seq_file"
    print("x", file=None)
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def main(ctx):
    # error:5: [helper-not-allowed] "iter:iter"
    print(pid(), file=ctx)  # error:23: [wrong-argument-type] "seq_file"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
