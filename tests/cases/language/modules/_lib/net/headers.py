"""In a folder of its own."""

from pbpf import bpf
ETH = 14

@bpf
def size():
    return ETH * 2
