"""An iterator that may sleep."""
#: verify
#: vm: 6.1 6.12 7.3
#: attach
#: reads: "first "
from pbpf import bpf, section

LICENSE = "GPL"


@bpf
@section("iter.s/task")
def first(meta, task):
    if task is not None and meta.seq_num == 0:
        print(f"first {task.pid}", file=meta.seq)
    return 0
