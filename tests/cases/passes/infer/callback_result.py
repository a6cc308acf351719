"""A callback of type void returns nothing."""
#: check
from pbpf import bpf, bpfglobal, struct_ops


@bpf
class Fifo(struct_ops.sched_ext_ops):
    name = "fifo"

    def enqueue(self, p, enq_flags):
        if enq_flags:
            return None
        return 1  # error:9: [type-mismatch] "the function returns None"

    def dequeue(self, p, deq_flags):
        return


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
