"""A reference to a task that is never given back: the verifier refuses it, and pbpf says so on the line."""

from pbpf import bpf, bpfglobal, section
from pbpf.kfuncs import bpf_task_from_pid


#: reject: "Unreleased reference" | "reference leak"
#: vm: 6.12 7.3
@bpf
@section("tp_btf/sys_enter")
def leaked_reference(ctx):
    task = bpf_task_from_pid(1)
    if task is None:
        return 0
    print(f"init is {task.comm}")
    return 0  # error: [verifier] "Unreleased reference"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
