"""The network programs of tests/cases/programs/xdp, beside the same programs in C.

Promises: the Python is that of the cases; each is given packets that take its ways, the longest last. Leaves out: what must come of them (the cases say it).
"""

import struct

import pairs
from inputs import COMMON, LITTLE, entry, eth, ip, packets, tcp, udp

PROGRAMS = pairs.HERE.parent / "cases/programs/xdp"


def name(*labels):
    """A question of DNS in UDP."""
    written = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + written + b"\0\1\0\1"


def question(*labels):
    """The packet of a question."""
    asked = name(*labels)
    return eth() + ip(17, udp(size=0)[:4] + struct.pack(">HH", 8 + len(asked), 0) + asked)


def syn(options, source=1000, flags=2):
    """A TCP segment with options."""
    return struct.pack(">HHIIBBHHH", source, 443, 1, 0, (20 + len(options)) << 2, flags, 1024, 0, 0) + options


def checked(packet):
    """A UDP packet over IPv4 whose checksum is not zero."""
    return packet[:40] + b"\x12\x34" + packet[42:]


SIZE_LAST = bytes([1, 1, 4, 2, 1, 3, 3, 7, 2, 4, 5, 0xB4])
IPV6 = eth(0x86DD) + b"\x60" + bytes(3) + struct.pack(">HBB", 20, 6, 64) + bytes(range(32)) + tcp()
EXTENDED = eth(0x86DD) + b"\x60" + bytes(3) + struct.pack(">HBB", 44, 0, 64) + bytes(range(32)) + b"\x3c" + bytes(7) + b"\x06\1" + bytes(14) + tcp()
TAGS = eth(0x8100) + b"\0\5\x88\xa8\0\6\x08\0" + ip(6, tcp())

# What each function is given; `unlike:MAP` is a map that holds times.
INPUTS = {
    "dns_filter": ("filter", [entry("blocked", b"ads.example.com".ljust(64, b"\0"), bytes(8))] + COMMON
                   + packets(question(b"www", b"example", b"com"), question(b"x"), eth() + ip(17, udp()), question(b"ADS", b"Example", b"com"))),
    "echo_responder": ("respond", COMMON + packets(*(eth() + ip(1, struct.pack(">BBHHH", kind, 0, 7, 1, 2) + bytes(size))
                                                     for kind, size in ((0, 4), (8, 4), (8, 50))))),
    "load_balancer": ("balance", COMMON + [entry("services", bytes([10, 0, 0, 2]) + struct.pack(">H", 443) + struct.pack("<H", 6), bytes(4)),
                                           entry("servers", bytes(4), bytes([192, 168, 0, 7]) + bytes(range(6)) + bytes(14))]
                      + COMMON + packets(eth() + ip(6, tcp(), words=6), eth() + ip(6, tcp()))),
    # A test run of traffic control takes no Ethernet frame without a network header.
    "marker": ("mark", COMMON[2:] + [entry("classes", struct.pack(LITTLE, 4), struct.pack("<IIQ", 7, 6, 0))]
               + packets(IPV6, eth() + b"\x45\x10" + ip(17, udp())[2:])),
    "nat46": ("translate", COMMON + [entry("targets", bytes([10, 0, 0, 2]), bytes(range(16)))]
              + packets(eth() + ip(17, udp()), checked(eth() + ip(17, udp(size=60))))),
    "parser": ("parse", COMMON + packets(IPV6, TAGS, TAGS[:30], eth(0x8100) + b"\0\5\x81\0\0\6\x81\0\0\7" + bytes(60), EXTENDED)),
    "rate_limiter": ("limit", ["unlike:buckets"] + COMMON + packets(IPV6, eth() + ip(17, udp()))),
    "redirects to_socket": ("to_socket", COMMON),
    "redirects to_device": ("to_device", [entry("devices", struct.pack(LITTLE, 5), struct.pack(LITTLE, 1))] + COMMON + packets(bytes(5 * 8) + bytes(20))),
    "spread": ("spread", [entry("queues", bytes(4), struct.pack(LITTLE, 192))] + COMMON),
    "syn_filter": ("filter", ["unlike:sources"] + COMMON + packets(*(eth() + ip(6, syn(options, flags=flags)) for options, flags in (
        (b"", 2), (b"\2\4\5\xb4", 2), (b"\2\4\5\xb4", 0x12), (b"\3\0\0\0", 2), (b"\1\1\3\5", 2), (b"\1\1\1\3", 2), (bytes(4), 2), (SIZE_LAST, 2))))),
}


def programs():
    """The pairs, by name."""
    folder = pairs.PAIRS / "network"

    def pair(title, function, inputs):
        file = title.split()[0]
        return pairs.Pair(PROGRAMS / f"{file}.py", folder / f"{file}.c", inputs, function)
    return {title: pair(title, *given) for title, given in INPUTS.items()}
