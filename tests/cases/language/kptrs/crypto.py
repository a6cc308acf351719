"""A key in a map: a program of user space's makes it, one in the network encrypts with it."""
#: verify
#: vm: 6.12 7.3
#: run: xdp_encrypt(packet=hex(00112233445566778899aabbccddeeff)) == 1
#: run: make(ctx=u64[0x0706050403020100, 0x0f0e0d0c0b0a0908]) == 0
#: run: xdp_encrypt(packet=hex(00112233445566778899aabbccddeeff)) == 0x69c4e0d8
#: run: back(packet=hex(69c4e0d86a7b0430d8cdb78070b4c55a)) == 0x00112233
from ctypes import c_char, c_int64, c_uint8, c_uint32, c_uint64

from pbpf import Kptr, bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_dynptr_from_mem, bpf_kptr_xchg, ntohl
from pbpf.kfuncs import (
    bpf_crypto_ctx_create,
    bpf_crypto_ctx_release,
    bpf_crypto_decrypt,
    bpf_crypto_encrypt,
    bpf_dynptr_from_xdp,
    bpf_rcu_read_lock,
)
from pbpf.maps import ArrayMap
from vmlinux import struct_bpf_crypto_ctx

LICENSE = "GPL"


@bpf
@struct
class Key:
    low: c_uint64
    high: c_uint64


# The kernel's `struct bpf_crypto_params`.
@bpf
@struct
class Params:
    type: str(14)
    reserved: c_uint8 * 2
    algo: str(128)
    key: Key
    rest: c_uint8 * 240
    key_len: c_uint32
    authsize: c_uint32


@bpf
@struct
class Cipher:
    state: Kptr[struct_bpf_crypto_ctx]


@bpf
@map
def ciphers():
    return ArrayMap(key=c_uint32, value=Cipher, max_entries=1)


@bpf
@bpfglobal
def params() -> Params:
    return Params()


@bpf
@bpfglobal
def room() -> c_uint32 * 4:
    return (c_uint32 * 4)()


@bpf
@section("syscall")
def make(key: Key) -> c_int64:
    cipher = ciphers.lookup(0)
    if cipher is None:
        return -1
    params.type = "skcipher"
    params.algo = "ecb(aes)"
    params.key.low = key.low
    params.key.high = key.high
    params.key_len = 16
    error = c_uint32(0)
    state = bpf_crypto_ctx_create(params, err=error)
    if state is None:
        return -2
    old = bpf_kptr_xchg(cipher.state, state)
    if old is not None:
        bpf_crypto_ctx_release(old)
    return 0


@bpf
@section("xdp")
def xdp_encrypt(ctx) -> c_int64:
    cipher = ciphers.lookup(0)
    if cipher is None:
        return 0
    packet = (c_uint64 * 2)()
    out = (c_uint64 * 2)()
    if bpf_dynptr_from_xdp(0, packet) != 0:
        return 2
    if bpf_dynptr_from_mem(room, 16, 0, out) != 0:
        return 3
    with bpf_rcu_read_lock():
        state = cipher.state
        if state is None:
            return 1
        if bpf_crypto_encrypt(state, packet, out) != 0:
            return 4
    return ntohl(room[0])


@bpf
@section("xdp")
def back(ctx) -> c_int64:
    cipher = ciphers.lookup(0)
    if cipher is None:
        return 0
    packet = (c_uint64 * 2)()
    out = (c_uint64 * 2)()
    if bpf_dynptr_from_xdp(0, packet) != 0:
        return 2
    if bpf_dynptr_from_mem(room, 16, 0, out) != 0:
        return 3
    with bpf_rcu_read_lock():
        state = cipher.state
        if state is None:
            return 1
        if bpf_crypto_decrypt(state, packet, out) != 0:
            return 4
    return ntohl(room[0])
