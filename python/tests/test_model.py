"""The model computes what the kernel computes.

What it promises for random programs is tested against the kernel by `cli/tests/random_python`; here is what a reader can check by hand.
"""

import ctypes
import unittest

from pbpf.model import Context, Packet, machine
from pbpf.model.layout import lay_out

from . import programs as p


class Model(unittest.TestCase):
    def setUp(self) -> None:
        machine.reset()
        machine.echo = False
        for made in (p.numbers, p.pairs, p.slots, p.ring, p.queue, p.routes):
            made.clear()
        p.total.reset()
        p.table.reset()

    def test_values_are_cut_where_they_are_stored(self) -> None:
        self.assertEqual(p.narrowed(-1, 1000), 1255)
        self.assertEqual(p.narrowed(200, 0), 200)

    def test_divisions_floor_and_are_defined(self) -> None:
        for a, b, want in [(-7, 2, (-4, 1)), (7, -2, (-4, -1)), (7, 0, (0, 7)), (-7, 0, (0, -7))]:
            self.assertEqual(tuple(int(n) for n in p.divisions(a, b)), want)

    def test_unsigned_sums_wrap_at_64_bits(self) -> None:
        self.assertEqual(p.wrapped(2**64 - 1, 1), 0)
        self.assertEqual(p.wrapped.made(2**64 - 1, 0), 2**64 - 1)

    def test_maps_globals_and_arrays(self) -> None:
        self.assertEqual(p.updates(), 17)
        self.assertEqual(p.total.value, 4)
        self.assertEqual(list(p.table.value), [0, 70000 & 0xFFFF, 0, 0])
        self.assertEqual(p.numbers.items(), [(3, 17)])
        self.assertEqual(p.numbers.update(4, 1), 0)
        self.assertEqual(p.numbers.update(5, 1), -7)
        self.assertEqual(p.numbers.update(4, 1, 1), -17)
        self.assertEqual(p.numbers.delete(9), -2)

    def test_lookups_write_through_and_records_are_copied(self) -> None:
        self.assertEqual(p.references(), 1)
        pair = p.pairs.lookup(1)
        self.assertEqual((pair.a, pair.b[2], str(pair.name)), (6, 44, "longer "))

    def test_a_failed_check_ends_the_program(self) -> None:
        self.assertEqual(p.outside(Context(rx_queue_index=3)), 1)
        self.assertEqual(p.outside(Context(rx_queue_index=4)), 2)
        self.assertEqual(p.first_byte(Packet(b"\x05\x06")), 5)
        self.assertEqual(p.first_byte(Packet(b"\x05")), 7)

    def test_statements(self) -> None:
        self.assertEqual(p.statements(5), 2000 + 8 + 100 + 2)

    def test_the_machine_is_set(self) -> None:
        machine.pid, machine.ktime_ns = 77, 255
        self.assertIs(p.machine_state(), True)
        self.assertEqual(machine.printed, ["python 77 ff 5"])
        self.assertEqual(p.ring.records[0][12:18], b"python")

    def test_queues_tries_and_unions(self) -> None:
        self.assertEqual(p.queues(), -700 + 4)
        self.assertEqual(p.longest(9), 2)
        self.assertEqual(p.longest(8), 1)
        self.assertEqual(p.shared(), 0x00030001)

    def test_comparison_is_by_value(self) -> None:
        self.assertEqual(p.signs(-5, 2**64 - 1), 111)

    def test_layouts_are_those_of_ctypes(self) -> None:
        members = [
            [("a", ctypes.c_uint8), ("b", ctypes.c_uint64), ("c", ctypes.c_int16)],
            [("a", ctypes.c_uint32, 3), ("b", ctypes.c_uint32, 30), ("c", ctypes.c_uint8)],
            [("a", ctypes.c_uint8 * 3), ("b", ctypes.c_uint16), ("c", ctypes.c_bool)],
        ]
        for fields in members:
            real = type("Real", (ctypes.Structure,), {"_fields_": fields})
            made = lay_out("Made", fields)
            self.assertEqual((made.size, made.align), (ctypes.sizeof(real), ctypes.alignment(real)))
            for name, _, *width in fields:
                at = getattr(real, name).offset * 8
                self.assertEqual(made.fields[name].bit_offset, at + (getattr(real, name).size & 0xFFFF if width else 0))


if __name__ == "__main__":
    unittest.main()
