"""Not even Python."""
from pbpf import bpf

@bpf
def f(:
    return 1
