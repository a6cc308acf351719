"""What is wrong with a class of callbacks that the kernel's struct gives the methods of."""

from pbpf import bpf, bpfglobal, struct_ops


@bpf
# error:13: [unknown-struct-ops] "tcp_congestion_ops"
class Wrong(struct_ops.tcp_congestion_op):
    name = "x"


@bpf
# error:12: [unknown-struct-ops]
class File(struct_ops.file_operations):
    def open(self, inode, file):
        return 0


@bpf
class Reno(struct_ops.tcp_congestion_ops):
    name = "reno"
    nam = "y"  # error:5: [unknown-callback] "did you mean `name`?"

    def ssthres(self, sk):  # error:9: [unknown-callback] "did you mean `ssthresh`?"
        return 0

    def undo_cwnd(self):  # error:9: [wrong-arity] "1 parameters"
        return 0

    def ssthresh(self, sk):
        return sk.snd_cwnd

    key = 5  # error:5: [refused-member] "computes it from the name"

    def get_info(self, sk, ext, attr, info):  # error:9: [refused-member] "leave it out"
        return 0


@bpf
class Large(struct_ops.sched_ext_ops):
    name = "a name of far more than the one hundred and twenty-eight bytes that the kernel has for the name of a scheduler, and so it is cut"  # error:5: [type-mismatch] "text of at most 127 bytes"
    timeout_ms = 0x800000000  # error:5: [number-too-large] "from 0 to 4294967295"
    flags = -1
    dispatch_max_batch = "many"  # error:5: [type-mismatch] "a number"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
