"""A program type that asks for the GPL."""
#: check
from pbpf import bpf, struct_ops


@bpf
class Fifo(struct_ops.sched_ext_ops):  # error:7: [gpl-only] "declares no license"
    name = "fifo"

    def enqueue(self, p, enq_flags):
        pass
