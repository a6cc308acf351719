"""The XDP programs of the K2 paper (SIGCOMM 2021), written anew in Python and in C from what they do.

Promises: the paper's figures are the instructions of its own sources, by clang -O2 or -O3 and then by K2; ours and clang-19's are of the sources here, so
that only these two are compared. What listens to tracepoints does so at raw ones here, which the kernel can run with given arguments.
Leaves out: xdp_fwd and the balancer of Katran.
"""

import struct

import pairs
from inputs import COMMON, LITTLE, entry, eth, ip, packets, tcp, udp, words

HOSTS = [entry("hosts", bytes([10, 0, 0, 2]), bytes(range(12)) + struct.pack(LITTLE, 1))]
ROUTES = [
    entry("routes", struct.pack("<I4B", 24, 10, 1, 2, 0), bytes([10, 9, 9, 9])),
    entry("routes", struct.pack("<I4B", 8, 11, 0, 0, 0), bytes([11, 9, 9, 9])),
    entry("gateways", bytes([10, 9, 9, 9]), bytes(range(50, 62)) + struct.pack(LITTLE, 2)),
]
DEVICE = struct.pack(LITTLE, 1)
TAGGED = packets(*(eth(0x8100) + b"\0\7" + middle + b"\x08\0" + ip(17, udp()) for middle in (b"", b"\x88\xa8\0\5", b"\x81\0\0\5\x81\0\0\6")),
                 eth(0x88A8) + b"\0\7\x86\xdd" + bytes(6) + b"\x11" + bytes(40))

INPUTS = {
    "xdp1": COMMON + TAGGED,
    "xdp2": COMMON + TAGGED + packets(eth() + ip(17, udp())),
    "xdp_redirect": [entry("device", bytes(4), DEVICE)] + COMMON,
    "xdp_pktcntr": packets(bytes(60)) + [entry("enabled", bytes(4), DEVICE)] + COMMON,
    "xdp_map_access": COMMON,
    "xdp_fw": COMMON + packets(eth() + ip(6, tcp(), words=6), eth() + ip(6, tcp(80))) + [entry("devices", DEVICE, DEVICE)] + COMMON,
    "xdp_devmap_xmit": [words(1, 2, *numbers) for numbers in ((8, 1, 0), (0, 16, 2**32 - 5), (3, 2**32 - 1, 0), (16, 0, 0))],
    "xdp_cpumap_enqueue": [words(1, *numbers) for numbers in ((8, 1, 0), (0, 2, 3), (4, 4, 64), (4, 0, 63), (5, 5, 2**32 - 1), (8, 0, 1))],
    "xdp_exception": [words(1, 2, action) for action in (0, 1, 4, 5, 77, 2**32 - 1, 3)],
    "xdp_router_ipv4": HOSTS + ROUTES + COMMON + TAGGED + packets(*(eth() + ip(6, tcp(), target=to) for to in (0x0B000001, 0x0C000001)))
    + [entry("devices", DEVICE, DEVICE), entry("devices", struct.pack(LITTLE, 2), DEVICE)] + COMMON
    + packets(eth(0x8100) + b"\0\7\x08\0" + ip(17, udp(), target=0x0A010203)),
}

# Instructions by clang and by K2, as published; where K2 gave up, clang's alone.
PUBLISHED = {
    "xdp1": (61, 56), "xdp2": (78, None), "xdp_redirect": (43, None), "xdp_pktcntr": (22, 19), "xdp_map_access": (30, 26), "xdp_fw": (72, 67),
    "xdp_devmap_xmit": (36, 30), "xdp_cpumap_enqueue": (26, 22), "xdp_exception": (18, 16), "xdp_router_ipv4": (111, None),
}


def programs():
    """The pairs, by name."""
    folder = pairs.PAIRS / "k2"
    return {name: pairs.Pair(folder / f"{name}.py", folder / f"{name}.c", inputs) for name, inputs in INPUTS.items()}


def published():
    """What stands beside each line."""
    return {name: f"K2 {clang} to {k2}" if k2 else f"K2 {clang}" for name, (clang, k2) in PUBLISHED.items()}
