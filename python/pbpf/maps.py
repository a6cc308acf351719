"""Kinds of maps, and a model of each that behaves as the kernel's.

Promises: keys and values are bytes of their types; a lookup gives a reference that writes through; `update` and `delete` give 0 or a
negative errno. Leaves out: what depends on the machine: which entry an LRU map drops, values of other processors.
"""

from __future__ import annotations

from collections import deque
from ctypes import c_uint32
from typing import Any, Callable, Iterator

from .model.constants import constant
from .model.layout import Type, type_of
from .model.memory import Exit, View, load, number, place, store, view_of
from .model.number import Num

EEXIST, ENOENT, E2BIG, EINVAL = -17, -2, -7, -22


class Map:
    """What all kinds share."""

    name = ""

    def __call__(self) -> Any:
        """Older files write `m().lookup(k)`."""
        return self

    def clear(self) -> None:
        """Empties the map."""

    def __bool__(self) -> bool:
        return True


class KeyValue(Map):
    """Values by key."""

    def __init__(self, key: Any = None, value: Any = None, max_entries: int = 1, **options: Any) -> None:
        self.key_type: Type = type_of(key) if key is not None else type_of(c_uint32)
        self.value_type: Type = type_of(value)
        self.max_entries = int(max_entries)
        self.options = options
        self.entries: dict[bytes, bytearray] = {}

    def clear(self) -> None:
        self.entries.clear()

    def key_bytes(self, key: Any) -> bytes:
        data = bytearray(self.key_type.size)
        store(self.key_type, data, 0, key)
        return bytes(data)

    def find(self, key: bytes) -> bytearray | None:
        return self.entries.get(key)

    def insert(self, key: bytes, data: bytearray) -> int:
        if key not in self.entries and len(self.entries) >= self.max_entries:
            return E2BIG
        # References to the old value stay as they are: the kernel replaces the element.
        self.entries[key] = data
        return 0

    # The methods of programs

    def lookup(self, key: Any) -> Any:
        """A reference to the value, or `None`."""
        data = self.find(self.key_bytes(key))
        return None if data is None else view_of(self.value_type, data, 0)

    def get(self, key: Any, default: Any = None) -> Any:
        """A reference to the value or `None`; with a default, the number."""
        found = self.lookup(key)
        if default is None:
            return found
        return default if found is None else number(found)

    def update(self, key: Any, value: Any, flags: int = 0) -> int:
        """Stores a value; 0, or a negative errno (`BPF_NOEXIST` 1 and `BPF_EXIST` 2 say when)."""
        raw, flags = self.key_bytes(key), int(number(flags))
        present = self.find(raw) is not None
        if flags == 1 and present:
            return EEXIST
        if flags == 2 and not present:
            return ENOENT
        data = bytearray(self.value_type.size)
        store(self.value_type, data, 0, value)
        return self.insert(raw, data)

    def delete(self, key: Any) -> int:
        """Removes a key; 0, or a negative errno."""
        return 0 if self.entries.pop(self.key_bytes(key), None) is not None else ENOENT

    def __getitem__(self, key: Any) -> Any:
        found = self.lookup(key)
        if found is None:
            raise Exit
        return number(found)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.update(key, value)

    def __delitem__(self, key: Any) -> None:
        self.delete(key)

    def __contains__(self, key: Any) -> bool:
        return self.lookup(key) is not None

    def pbpf_change(self, key: Any, change: Callable[[Any], Any]) -> None:
        """Changes the number under the key where it is; an absent key is stored as 0 first, if there is room."""
        if self.lookup(key) is None:
            self.update(key, 0, 1)
        found = self.lookup(key)
        if found is not None:
            store(*place(found), change(number(found)))

    def keys(self) -> list[Any]:
        return [load(self.key_type, bytearray(raw), 0) for raw in self.entries]

    def values(self) -> list[Any]:
        return [load(self.value_type, data, 0) for data in self.entries.values()]

    def items(self) -> list[tuple[Any, Any]]:
        return list(zip(self.keys(), self.values()))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.entries)


class HashMap(KeyValue):
    """`BPF_MAP_TYPE_HASH`."""


class PerCpuHash(KeyValue):
    """`BPF_MAP_TYPE_PERCPU_HASH`; the model has one processor."""


class LruHash(KeyValue):
    """`BPF_MAP_TYPE_LRU_HASH`; the model drops the oldest entry."""

    def insert(self, key: bytes, data: bytearray) -> int:
        if key not in self.entries and len(self.entries) >= self.max_entries:
            del self.entries[next(iter(self.entries))]
        return super().insert(key, data)


class LruPerCpuHash(LruHash):
    """`BPF_MAP_TYPE_LRU_PERCPU_HASH`."""


class ArrayMap(KeyValue):
    """`BPF_MAP_TYPE_ARRAY`: values by position, all there from the start, zero."""

    def __init__(self, key: Any = None, value: Any = None, max_entries: int = 1, **options: Any) -> None:
        super().__init__(None, value, max_entries, **options)

    def find(self, key: bytes) -> bytearray | None:
        if int.from_bytes(key, "little") >= self.max_entries:
            return None
        return self.entries.setdefault(key, bytearray(self.value_type.size))

    def update(self, key: Any, value: Any, flags: int = 0) -> int:
        found = self.lookup(key)
        if found is None:
            return E2BIG
        if int(number(flags)) == 1:
            return EEXIST
        store(*place(found), value)
        return 0

    def delete(self, key: Any) -> int:
        return EINVAL

    def keys(self) -> list[Any]:
        return list(range(self.max_entries))

    def values(self) -> list[Any]:
        return [number(self.lookup(key)) for key in self.keys()]

    def __len__(self) -> int:
        return self.max_entries


class PerCpuArray(ArrayMap):
    """`BPF_MAP_TYPE_PERCPU_ARRAY`; the model has one processor."""


class LpmTrie(KeyValue):
    """`BPF_MAP_TYPE_LPM_TRIE`: the longest prefix that fits; a key is a prefix length in bits and data in network order."""

    def find(self, key: bytes) -> bytearray | None:
        best: tuple[int, bytearray] | None = None
        length, bits = int.from_bytes(key[:4], "little"), _bits(key)
        for raw, data in self.entries.items():
            known = int.from_bytes(raw[:4], "little")
            if known <= length and _bits(raw)[:known] == bits[:known] and (best is None or known > best[0]):
                best = (known, data)
        return best and best[1]


def _bits(key: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in key[4:])


class Queue(Map):
    """`BPF_MAP_TYPE_QUEUE`: first in, first out."""

    first_out = True

    def __init__(self, value: Any, max_entries: int = 1, **options: Any) -> None:
        self.value_type = type_of(value)
        self.max_entries = int(max_entries)
        self.items: deque[bytes] = deque()

    def clear(self) -> None:
        self.items.clear()

    def push(self, value: Any, flags: int = 0) -> int:
        """Adds a value; 0, or `-E2BIG` (with `BPF_EXIST` the oldest makes room)."""
        if len(self.items) >= self.max_entries:
            if int(number(flags)) != 2:
                return E2BIG
            self.items.popleft()
        data = bytearray(self.value_type.size)
        store(self.value_type, data, 0, value)
        self.items.append(bytes(data))
        return 0

    def peek(self, into: Any) -> int:
        """Copies the next value; 0, or `-ENOENT`."""
        if not self.items:
            return ENOENT
        _copy_into(into, self.items[0] if self.first_out else self.items[-1])
        return 0

    def pop(self, into: Any) -> int:
        """Takes the next value; 0, or `-ENOENT`."""
        code = self.peek(into)
        if code == 0:
            self.items.popleft() if self.first_out else self.items.pop()
        return code


class Stack(Queue):
    """`BPF_MAP_TYPE_STACK`: last in, first out."""

    first_out = False


def _copy_into(view: Any, raw: bytes) -> None:
    kind, data, at = place(view)
    data[at : at + kind.size] = raw[: kind.size].ljust(kind.size, b"\0")


class RingBuffer(Map):
    """`BPF_MAP_TYPE_RINGBUF`; the records are in `records`."""

    def __init__(self, max_entries: int = 4096, **options: Any) -> None:
        self.max_entries = int(max_entries)
        self.records: list[bytes] = []
        self.reserved: list[View] = []

    def clear(self) -> None:
        self.records.clear()

    def output(self, value: Any, size: Any = None, flags: int = 0) -> int:
        """Sends a record."""
        self.records.append(_record(value))
        return 0

    def reserve(self, form: Any, flags: int = 0) -> Any:
        """A new record to fill in, then to `submit` or `discard`; `None` if there is no room."""
        kind = type_of(form) if not isinstance(form, int) else type_of(bytes(int(form)))
        record = view_of(kind, bytearray(kind.size), 0)
        object.__setattr__(record, "submit", lambda flags=0: self.submit(record))
        object.__setattr__(record, "discard", lambda flags=0: None)
        return record

    def submit(self, record: Any, flags: int = 0) -> None:
        self.records.append(bytes(record))

    def discard(self, record: Any, flags: int = 0) -> None:
        """Forgets a reserved record."""


class PerfEventArray(RingBuffer):
    """`BPF_MAP_TYPE_PERF_EVENT_ARRAY`."""

    def __init__(self, key_size: Any = None, value_size: Any = None, **options: Any) -> None:
        super().__init__()


def _record(value: Any) -> bytes:
    if isinstance(value, Num):
        return (int(value) & ((1 << value.kind.bits) - 1)).to_bytes(value.kind.bits // 8, "little")
    if isinstance(value, int):
        return (value & ((1 << 64) - 1)).to_bytes(8, "little")
    return value.encode() + b"\0" if isinstance(value, str) else bytes(value)



def __getattr__(name: str) -> Any:
    return constant("pbpf.maps", name)


# Other names of the same kinds.
Hash = HashMap
Array = ArrayMap
PerCPUHash = PercpuHash = PerCpuHash
PerCPUArray = PercpuArray = PerCpuArray
LRUHash = LRUHashMap = LruHash
LRUPerCPUHash = LruPerCpuHash
LPMTrie = LpmTrie
RingBuf = RingBuffer
