#include "pair.h"

struct record {
	__u64 length;
	__u32 source, target;
	__u8 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} records SEC(".maps");

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = END(ctx);
	if (data + 34 > end)
		return XDP_PASS;
	struct ethhdr *eth = data;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	struct iphdr *ip = data + 14;
	struct record record = {};
	record.length = end - data;
	record.source = ip->saddr;
	record.target = ip->daddr;
	record.protocol = ip->protocol;
	bpf_ringbuf_output(&records, &record, sizeof(record), 0);
	return XDP_PASS;
}
