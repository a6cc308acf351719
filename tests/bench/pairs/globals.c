#include "pair.h"

__u64 packets = 0, octets = 0;
__u32 largest = 0;

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	long n = END(ctx) - DATA(ctx);
	packets += 1;
	octets += n;
	if (n > largest)
		largest = n;
	return packets % 4 == 3 ? XDP_DROP : XDP_PASS;
}
