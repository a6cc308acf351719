"""A file whose functions no program calls: what only could be a part of a program is dropped."""
from pbpf import bpf


@bpf
def digits(a, b, c, d=4, e=0, f=6):
    return a + b + c + d + e + f


@bpf
def other(ctx):  # warning:5: [unused-function] "takes the context"
    return digits(1, 2, 3)
