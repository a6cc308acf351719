"""The decorators that mark what is compiled; the rest of a file is user space's.

Promises: what is decorated can be called in CPython and computes what the kernel computes (`pbpf.model`).
Leaves out: compiling and loading, which the `pbpf` command does.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any, Callable, TypeVar

from .model.function import PYTHON, C, Function, Global, global_of
from .model.operations import Operations
from .model.records import StructOps, record_class

T = TypeVar("T")


def decorated(target: Any, operations: Operations) -> Any:
    """What `@bpf` makes of what it stands on, with a meaning of arithmetic."""
    if isinstance(target, FunctionType):
        return Function(target, operations)
    if isinstance(target, type) and issubclass(target, StructOps):
        for name, member in list(vars(target).items()):
            if isinstance(member, FunctionType):
                setattr(target, name, Function(member, operations))
    return target


def bpf(target: Any) -> Any:
    """Marks what is compiled: a program or subprogram, or with a further decorator a map, a struct, a global variable.

    Arithmetic has Python's meaning."""
    return decorated(target, PYTHON)


def bpf_c(target: Any) -> Any:
    """`bpf` as a file that imports from `pythonbpf` has it: arithmetic has C's meaning."""
    return decorated(target, C)


def section(name: str) -> Callable[[T], T]:
    """Names the ELF section of a program, which decides its type: `"xdp"`, `"tracepoint/syscalls/sys_enter_execve"`."""

    def mark(func: T) -> T:
        func.pbpf_section = name  # type: ignore[attr-defined]
        return func

    return mark


def map(func: Callable[[], T]) -> T:
    """Declares a map: the function returns one of the kinds of `pbpf.maps`."""
    made = func()
    made.name = func.__name__  # type: ignore[attr-defined]
    return made


def struct(cls: Any = None, **options: Any) -> Any:
    """Declares a struct: annotated fields, laid out as in C; `packed=True` leaves out the padding."""
    if cls is None:
        return lambda cls: record_class(cls, union=False, **options)
    return record_class(cls, union=False, **options)


def union(cls: Any = None, **options: Any) -> Any:
    """Declares a union: annotated fields that share their memory."""
    if cls is None:
        return lambda cls: record_class(cls, union=True, **options)
    return record_class(cls, union=True, **options)


def bpfglobal(func: Callable[[], Any]) -> Any:
    """Declares a global variable: the function returns its initial value, its annotation is the type."""
    return global_of(func)  # type: ignore[arg-type]


def subprogram(target: Any = None, **options: Any) -> Any:
    """Says how a function that programs call is linked: `@subprogram(global_=True)`."""
    return target if target is not None else lambda target: target


class _StructOps:
    """The structs of callbacks that the kernel has: `class Mine(struct_ops.sched_ext_ops)`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (StructOps,), {})


struct_ops: Any = _StructOps()

__all__ = [
    "Global",
    "bpf",
    "bpf_c",
    "bpfglobal",
    "decorated",
    "map",
    "section",
    "struct",
    "struct_ops",
    "subprogram",
    "union",
]
