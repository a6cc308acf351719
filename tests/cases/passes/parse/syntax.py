"""A line that is no Python."""
#: check
from pbpf import bpf


@bpf
def f(ctx):
    return 1 +  # error:43: [syntax-error]
