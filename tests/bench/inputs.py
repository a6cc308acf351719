"""Inputs of the pairs: packets, contexts of raw tracepoints, and entries of maps, as testrun.c takes them.

Promises: lengths and checksums of headers are right. Leaves out: what each program is given (pairs.py, k2.py, network.py).
"""

import struct

LITTLE = "<I"


def eth(kind=0x0800):
    """A link header."""
    return bytes(range(12)) + struct.pack(">H", kind)


def ip(protocol=17, payload=b"", source=0x0A000001, target=0x0A000002, ident=7, words=5):
    """An IPv4 header with a right checksum, and what is behind it."""
    size = 4 * words + len(payload)
    head = struct.pack(">BBHHHBBHII", 0x40 | words, 0, size, ident, 0, 64, protocol, 0, source, target) + bytes(4 * words - 20)
    total = sum(struct.unpack(f">{2 * words}H", head))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack(">H", total ^ 0xFFFF) + head[12:] + payload


def udp(source=1000, target=53, size=20):
    """A UDP header and zeros."""
    return struct.pack(">HHHH", source, target, 8 + size, 0) + bytes(size)


def tcp(source=1000, target=443):
    """A TCP header."""
    return struct.pack(">HHIIBBHHH", source, target, 1, 2, 0x50, 2, 1024, 0, 0)


def packets(*made):
    """Inputs of test runs."""
    return ["packet:" + packet.hex() for packet in made]


def words(*numbers):
    """The context of a raw tracepoint."""
    return "context:" + struct.pack(f"<{len(numbers)}Q", *numbers).hex()


def entry(name, key, value):
    """An entry that is in a map before."""
    return f"{name}:{key.hex()}={value.hex()}"


COMMON = packets(eth(0x86DD) + bytes(60), eth() + bytes(4), eth() + ip(1, bytes(30)), eth() + ip(6, tcp()), eth() + ip(17, udp()))
SIZES = packets(*(bytes([n % 251]) * n for n in (14, 60, 64, 100, 300, 700, 1400, 65)))
LINE = [words(*numbers) for numbers in ((1, 100), (2, 150), (1, 400), (3, 5), (2, 151), (3, 2**40), (1, 7), (1, 9000))]
