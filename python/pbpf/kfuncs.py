"""Functions of the kernel, by name: `from pbpf.kfuncs import scx_bpf_dsq_insert`.

In the model a kernel function gives what `machine.helpers` says, and 0 if it says nothing.
"""

from __future__ import annotations

from typing import Any

from .helper import Helper


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return Helper(name)
