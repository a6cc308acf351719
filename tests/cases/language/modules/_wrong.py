"""Mistakes in what is used, and in what is not."""

from pbpf import bpf
from pbpf.helper import pid


@bpf
def typo(n):
    return m + n


@bpf
def mistyped(n):
    x = 1 if n else pid
    return x.field


@bpf
def unused(n):
    return nothing + n


def user_space():
    return 1
