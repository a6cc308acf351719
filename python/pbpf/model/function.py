"""Functions of a program as objects that can be called, and global variables.

Promises: calling one computes what the kernel computes: arguments are cut to their types, a failed check returns what the program
type says. Leaves out: loading into the kernel.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any, Callable

from .c_number import CArithmetic
from .layout import Int, Pointer, Record, type_of
from .memory import Exit, View, load, number, store, view_of
from .number import S64, U64, Num, PythonArithmetic, kind_of
from .operations import Operations
from .transform import compiled

PYTHON = Operations(PythonArithmetic())
C = Operations(CArithmetic())

#: What a failed check returns, by the beginning of the section; 0 for the others. From the program types' manifests.
FAILED = {"xdp": 2}


class Function:
    """A program, or a function that programs call."""

    def __init__(self, func: FunctionType, operations: Operations) -> None:
        self.func = func
        self.operations = operations
        self.section: str | None = getattr(func, "pbpf_section", None)
        self.made: Callable[..., Any] | None = None
        self.__name__ = func.__name__
        self.__doc__ = func.__doc__
        self.__module__ = func.__module__
        self.__wrapped__ = func

    def __repr__(self) -> str:
        return f"<pbpf {'program' if self.section else 'function'} {self.__name__}>"

    def prepare(self) -> Callable[..., Any]:
        self.made = compiled(self.func, self.operations, lambda v: isinstance(v, Global))
        hints = {name: self._form(hint) for name, hint in self.func.__annotations__.items()}
        self.result = hints.pop("return", None)
        code = self.func.__code__
        self.params = [hints.get(name) for name in code.co_varnames[: code.co_argcount]]
        return self.made

    def _form(self, hint: Any) -> Any:
        if isinstance(hint, str) and not hint.isdigit():
            hint = eval(hint, self.func.__globals__)
        try:
            return type_of(hint)
        except TypeError:
            return None

    def __call__(self, *args: Any, **names: Any) -> Any:
        made = self.made or self.prepare()
        # The context of a program is handed over as it is.
        given = args if self.section else [self._argument(a, p) for a, p in zip(args, self.params)]
        try:
            result = made(*given, *args[len(given):], **names)
        except Exit:
            result = FAILED.get((self.section or "").split("/")[0].split(".")[0], 0)
        return self._result(result)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else lambda *args: self(instance, *args)

    @staticmethod
    def _argument(value: Any, kind: Any) -> Any:
        if isinstance(kind, Int):
            value = number(value)
            return bool(value) if kind.truth else Num(kind.kind.cut(int(value)), kind.kind)
        if kind is None and isinstance(value, int) and not isinstance(value, bool):
            # The parameter takes the type of the argument, 64 bits wide.
            found = kind_of(value)
            return Num(int(value), U64 if found.huge else S64 if found.sure else S64.unsure())
        return value

    def _result(self, value: Any) -> Any:
        if value is None:
            return 0 if self.section or isinstance(self.result, Int) else None
        if isinstance(self.result, (Record, Pointer)):
            return value
        value = number(value)
        if isinstance(self.result, Int):
            kind = self.result
            return bool(value) if kind.truth else Num(kind.kind.cut(int(value)), kind.kind)
        if isinstance(value, int) and not isinstance(value, bool):
            return Num(S64.cut(int(value)), S64)
        return value


class Global:
    """A global variable. User space reads and sets `value`; of a struct or array it is a view."""

    def __init__(self, name: str, kind: Any, initial: Any) -> None:
        self.__name__ = name
        self.type = kind
        self.initial = initial
        self.data = bytearray()
        self.reset()

    def reset(self) -> None:
        """The initial value again."""
        if self.type is None:
            return
        self.data = bytearray(self.type.size)
        if self.initial is not None:
            store(self.type, self.data, 0, number(self.initial))

    @property
    def value(self) -> Any:
        return self.pbpf_get()

    @value.setter
    def value(self, value: Any) -> None:
        self.pbpf_set(value)

    def pbpf_get(self) -> Any:
        if self.type is None:
            return self.initial
        if isinstance(self.type, (Int, Pointer)):
            return load(self.type, self.data, 0)
        return view_of(self.type, self.data, 0)

    def pbpf_set(self, value: Any) -> None:
        store(self.type, self.data, 0, value)

    def __repr__(self) -> str:
        return f"<pbpf global {self.__name__}>"


def global_of(func: FunctionType) -> Global:
    """The variable that a decorated function declares."""
    initial = func()
    hint = func.__annotations__.get("return")
    if isinstance(hint, str) and not hint.isdigit():
        hint = eval(hint, func.__globals__)
    form: Any = hint if hint not in (None, str) else type(initial)
    if isinstance(initial, View) and hint is None:
        from .memory import place

        form = place(initial)[0]
    try:
        kind = type_of(form)
    except TypeError:
        kind = None
    return Global(func.__name__, kind, initial)
