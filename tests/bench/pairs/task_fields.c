#include "pair.h"

struct process {
	__s32 parent, priority;
	__u64 start;
};

MAP(processes, HASH, 64, __s32, struct process);

SEC("raw_tp/sys_enter")
int prog(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct process process;
	process.parent = BPF_CORE_READ(task, real_parent, tgid);
	process.priority = BPF_CORE_READ(task, prio);
	process.start = BPF_CORE_READ(task, start_time);
	__s32 key = BPF_CORE_READ(task, tgid);
	bpf_map_update_elem(&processes, &key, &process, BPF_ANY);
	return 0;
}
