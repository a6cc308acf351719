#include "pair.h"

struct name {
	char text[16];
};

MAP(names, HASH, 64, struct name, __u64);

SEC("raw_tp/sys_enter")
int prog(void *ctx)
{
	struct name name = {};
	bpf_get_current_comm(&name.text, sizeof(name.text));
	count(&names, &name);
	return 0;
}
