"""The model that runs programs in CPython as the kernel does.

`machine` is what helpers see, `Packet` a context with a packet, `meaning` C's names for files that import from `pythonbpf`.
"""

from .function import Function, Global
from .machine import Machine, machine
from .memory import Exit
from .packet import Packet, Context

__all__ = ["Context", "Exit", "Function", "Global", "Machine", "Packet", "machine"]
