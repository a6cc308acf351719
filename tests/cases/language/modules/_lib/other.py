"""It imports the module that imports it."""

from pbpf import bpf
from _lib import tools

@bpf
def pong(n):
    return tools.base(n)
