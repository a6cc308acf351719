"""A module of pbpf that is no Python is told; a module of user space's is not looked into."""

# error-file: [syntax-error] "_broken.py:5"
from pbpf import bpf, section

import _broken
import _new_syntax


@bpf
@section("xdp")
def prog(ctx):
    return _broken.f(1)
