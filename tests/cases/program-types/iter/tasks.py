"""The tasks of the machine as lines of a file."""

#: verify
#: vm: 6.1 6.12 7.3
#: attach
#: reads: "pid parent name"
#: reads: "tasks: "
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def count() -> c_uint64:
    return c_uint64(0)


@bpf
@section("iter/task")
def tasks(meta, task):
    global count
    if task is None:
        print(f"tasks: {count}", file=meta.seq)
        return 0
    if meta.seq_num == 0:
        count = 0
        print("pid", "parent", "name", file=meta.seq)
    count += 1
    print(f"{task.pid:>4} {task.real_parent.pid:>4} {task.comm}", file=meta.seq)
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
