"""eBPF programs in Python: the names that program files import, and a model that runs them in CPython.

    from pbpf import bpf, bpfglobal, map, section, struct
    from pbpf.maps import HashMap
    from pbpf.helper import ktime, pid

Programs are compiled and loaded by the `pbpf` command; this package has no `BPF` class yet.
"""

from .decorators import bpf, bpfglobal, map, section, struct, struct_ops, subprogram, union

__version__ = "0.1.0"

__all__ = ["bpf", "bpfglobal", "map", "section", "struct", "struct_ops", "subprogram", "union"]


def __getattr__(name: str) -> object:
    if name in ("BPF", "compile", "compile_to_ir", "trace_pipe", "trace_fields"):
        raise ImportError(
            f"`pbpf.{name}` is not there yet: compile and load with the `pbpf` command (`pbpf run FILE`), "
            "or call the program to run it in the model"
        )
    raise AttributeError(f"module `pbpf` has no `{name}`")
