"""Mistakes in modules are told where they are; names that a module lacks where they are imported."""

# error-file: [unknown-name] "_wrong.py:9"
# error-file: [bad-call] "_wrong.py:14"
from pbpf import bpf, section

import _wrong
import os
from _wrong import mistype  # error:20: [unknown-name] "did you mean `mistyped`?"
from _wrong import typo
from _wrong import user_space as own
from _nowhere import anything


@bpf
@section("xdp")
def prog(ctx):
    typo(1)
    _wrong.mistyped(2)
    own()  # error:5: [user-space-name]
    anything()  # error:5: [user-space-name]
    os.getpid()  # error:5: [unknown-function]
    _wrong.missing(1)  # error:5: [unknown-function]
    return 2
