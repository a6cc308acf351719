/* What the C halves of the pairs share: the kernel's types, the helpers, and the constants that BTF does not have. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_core_read.h>

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88A8

#define MAP(name, kind, entries, k, v)            \
	struct {                                  \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, entries);     \
		__type(key, k);                   \
		__type(value, v);                 \
	} name SEC(".maps")

/* The start and the end of a packet. */
#define DATA(ctx) ((void *)(long)(ctx)->data)
#define END(ctx) ((void *)(long)(ctx)->data_end)

/* Adds to a counter in a hash that other processors insert into as well, as libbpf's own tools do it and as `m[k] += 1` means it. */
static __always_inline void count(void *map, const void *key)
{
	static const __u64 zero = 0;
	__u64 *value = bpf_map_lookup_elem(map, key);
	if (!value) {
		bpf_map_update_elem(map, key, &zero, BPF_NOEXIST);
		value = bpf_map_lookup_elem(map, key);
		if (!value)
			return;
	}
	__sync_fetch_and_add(value, 1);
}

/* Exchanges the addresses of a link header. */
static __always_inline void swap_addresses(struct ethhdr *eth)
{
	__u8 address[6];
	__builtin_memcpy(address, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, eth->h_dest, 6);
	__builtin_memcpy(eth->h_dest, address, 6);
}

char LICENSE[] SEC("license") = "GPL";
