#include "pair.h"

MAP(parents, HASH, 64, __s32, __u64);
MAP(only, ARRAY, 1, __u32, __s32);

SEC("tp_btf/sys_enter")
int prog(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 first = 0;
	__s32 *wanted = bpf_map_lookup_elem(&only, &first);
	if (!wanted || task->tgid != *wanted)
		return 0;
	if (task->real_parent->real_parent->tgid == task->tgid)
		return 0;
	__s32 key = task->tgid;
	__u64 value = task->real_parent->start_time + task->prio;
	bpf_map_update_elem(&parents, &key, &value, BPF_ANY);
	return 0;
}
