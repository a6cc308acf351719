"""Members that a scheduler does not have, and parameters that a callback does not take."""
#: check
#: flags: --btf $btf:7.3
from pbpf import bpf, struct_ops

LICENSE = "GPL"


@bpf
class Wrong(struct_ops.sched_ext_ops):
    name = "wrong"
    timeout = 5000  # error:5: [unknown-callback]

    def enqueue(self, p):  # error:9: [wrong-arity]
        return

    def yield_(self, p):  # error:9: [wrong-arity] "write `def yield_(self, p, to)`"
        return False

    def yeild(self, a, b):  # error:9: [unknown-callback] "did you mean `yield_`?"
        return False

    def enqueue_(self, p, enq_flags):
        return

    def tick(self, p):
        return

    def tick_(self, p):  # error:9: [duplicate-name] "member `tick` of `sched_ext_ops` is set twice"
        return

    def runnable__(self, p, enq_flags):  # error:9: [unknown-callback] "no member `runnable__`"
        return

    def enque(self, p, enq_flags):  # error:9: [unknown-callback] "no member `enque`"
        return
