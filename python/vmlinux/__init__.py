"""The kernel's types and constants, as programs import them: `from vmlinux import struct_task_struct, XDP_PASS`.

`struct_x` and `union_x` are record classes, every other name is an enumerator, both of the running kernel's BTF; what
is `#define`d comes from the compiler's plugins. A `vmlinux.py` beside a program, as PythonBPF makes them, is found before this.
"""

from __future__ import annotations

from typing import Any

from pbpf.model.btf import kernel
from pbpf.model.constants import constant

def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    btf = kernel()
    for prefix, union in (("struct_", False), ("union_", True)):
        if name.startswith(prefix):
            record = btf.record(name.removeprefix(prefix), union) if btf else None
            if record is not None:
                return record.view
            raise ImportError(f"the running kernel's BTF has no `{name}`")
    if btf is not None and name in btf.enumerators:
        return btf.enumerators[name]
    return constant("vmlinux", name)
