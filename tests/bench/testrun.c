/* Runs two objects of one program in the kernel, in turns: whether they do the same, and what they cost.
 *
 * Promises: each object is loaded once; the inputs are given to both, one by one, and results, packets, maps and records of ring buffers
 * are compared; then both run the same number of times in turns, on one CPU, and the least time of the turns is printed. One line of JSON
 * on standard output; status 1, with the first difference on standard error, if they do not do the same.
 * Leaves out: what the inputs mean.
 *
 * Usage: testrun OURS THEIRS PROGRAM INPUT..
 *   INPUT: packet:HEX (test run of a packet), context:HEX (test run of a raw tracepoint), attach:N (attached, N getppid calls),
 *          MAP:KEYHEX=VALUEHEX (an entry put in before), pid:MAP (the process that runs, under key 0),
 *          unlike:MAP (its contents are not compared, for it holds times)
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TURNS = 9, REPEAT = 20000, CONTEXTS = 4000, PACKET = 4096, RECORDS = 1 << 16 };

struct side {
	const char *path;
	struct bpf_object *object;
	struct bpf_program *program;
	struct ring_buffer *ring;
	unsigned char records[RECORDS];
	size_t recorded;
	double nanoseconds;
};

static void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "testrun: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

static size_t bytes(const char *hex, unsigned char *out)
{
	size_t length = strcspn(hex, "=") / 2;
	if (length > PACKET)
		die("too long: %s", hex);
	for (size_t at = 0; at < length; at++)
		sscanf(hex + 2 * at, "%2hhx", &out[at]);
	return length;
}

static int record(void *context, void *data, size_t size)
{
	struct side *side = context;
	if (side->recorded + size <= RECORDS) {
		memcpy(side->records + side->recorded, data, size);
		side->recorded += size;
	}
	return 0;
}

static void load(struct side *side, const char *name)
{
	struct bpf_map *map;
	side->object = bpf_object__open(side->path);
	if (!side->object)
		die("%s: %s", side->path, strerror(errno));
	/* Debian's libbpf does not know the sections of newer kernels; what they do at a hook is no matter in a test run. */
	struct bpf_program *program;
	bpf_object__for_each_program(program, side->object)
		if (!strncmp(bpf_program__section_name(program), "tc/", 3))
			bpf_program__set_type(program, BPF_PROG_TYPE_SCHED_CLS);
	if (bpf_object__load(side->object))
		die("%s: the kernel refuses it", side->path);
	side->program = bpf_object__find_program_by_name(side->object, name);
	if (!side->program)
		die("%s: no program %s", side->path, name);
	bpf_object__for_each_map(map, side->object) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			side->ring = ring_buffer__new(bpf_map__fd(map), record, side, NULL);
	}
}

static struct bpf_prog_info info(struct side *side)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	if (bpf_obj_get_info_by_fd(bpf_program__fd(side->program), &info, &size))
		die("no information on the program: %s", strerror(errno));
	return info;
}

/* One test run of an input; the packet comes back in `out`. */
static __u32 once(struct side *side, const char *input, int repeat, unsigned char *out, __u32 *size, __u32 *duration)
{
	unsigned char in[PACKET];
	size_t length = bytes(strchr(input, ':') + 1, in);
	LIBBPF_OPTS(bpf_test_run_opts, run);
	if (!strncmp(input, "packet:", 7)) {
		run.data_in = in;
		run.data_size_in = length;
		run.data_out = out;
		run.data_size_out = PACKET;
		run.repeat = repeat;
	} else {
		run.ctx_in = in;
		run.ctx_size_in = length;
	}
	int error = bpf_prog_test_run_opts(bpf_program__fd(side->program), &run);
	if (error)
		die("%s: test run: %s", side->path, strerror(-error));
	*size = run.data_size_out;
	if (duration)
		*duration = run.duration;
	return run.retval;
}

/* All that a map holds, from the least key to the greatest, so that the order of a hash is no matter. */
static size_t contents(struct bpf_map *map, unsigned char **out)
{
	size_t keys = bpf_map__key_size(map), values = bpf_map__value_size(map), count = 0, room = 0;
	enum bpf_map_type type = bpf_map__type(map);
	int per_cpu = type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	if (per_cpu)
		values = (values + 7) / 8 * 8 * libbpf_num_possible_cpus();
	size_t one = keys + values;
	unsigned char *all = NULL, key[512], *last = NULL;
	*out = NULL;
	if (!keys)
		return 0;
	while (!bpf_map_get_next_key(bpf_map__fd(map), last, key)) {
		if (count == room)
			all = realloc(all, (room = 2 * room + 16) * one);
		memcpy(all + count * one, key, keys);
		memset(all + count * one + keys, 0, values);
		bpf_map_lookup_elem(bpf_map__fd(map), key, all + count * one + keys);
		last = all + count * one;
		count++;
	}
	for (size_t a = 1; a < count; a++)
		for (size_t b = a; b > 0 && memcmp(all + (b - 1) * one, all + b * one, keys) > 0; b--)
			for (size_t at = 0; at < one; at++) {
				unsigned char byte = all[(b - 1) * one + at];
				all[(b - 1) * one + at] = all[b * one + at];
				all[b * one + at] = byte;
			}
	*out = all;
	return count * one;
}

static void compare_maps(struct side *a, struct side *b, const char *unlike)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, a->object) {
		if (unlike && !strcmp(bpf_map__name(map), unlike))
			continue;
		struct bpf_map *other = NULL, *each;
		const char *name = bpf_map__name(map), *kind = strrchr(name, '.');
		if (bpf_map__is_internal(map) && kind && !strncmp(kind, ".rodata", 7))
			continue;
		bpf_object__for_each_map(each, b->object) {
			const char *theirs = bpf_map__name(each), *their_kind = strrchr(theirs, '.');
			if (bpf_map__is_internal(map) ? kind && their_kind && !strcmp(kind, their_kind) : !strcmp(name, theirs))
				other = each;
		}
		if (!other)
			die("%s has no map %s", b->path, name);
		unsigned char *mine, *yours;
		size_t size = contents(map, &mine), size_of_yours = contents(other, &yours);
		if (size != size_of_yours || (size && memcmp(mine, yours, size)))
			die("map %s differs: %zu and %zu bytes", name, size, size_of_yours);
		free(mine);
		free(yours);
	}
}

static void put_pid(struct side *side, const char *name)
{
	__u32 key = 0, pid = getpid();
	int map = bpf_object__find_map_fd_by_name(side->object, name);
	if (map < 0 || bpf_map_update_elem(map, &key, &pid, BPF_ANY))
		die("%s: no entry for the process in %s", side->path, name);
}

static void put(struct side *side, const char *entry)
{
	char name[64] = {};
	unsigned char key[PACKET], value[PACKET];
	size_t length = strcspn(entry, ":");
	memcpy(name, entry, length < 63 ? length : 63);
	bytes(entry + length + 1, key);
	bytes(strchr(entry, '=') + 1, value);
	int map = bpf_object__find_map_fd_by_name(side->object, name);
	if (map < 0 || bpf_map_update_elem(map, key, value, BPF_ANY))
		die("%s: entry %s: %s", side->path, entry, strerror(errno));
}

/* Nanoseconds of one run, over many. */
static double timed(struct side *side, const char *input)
{
	unsigned char out[PACKET];
	__u32 size, duration;
	if (!strncmp(input, "packet:", 7)) {
		once(side, input, REPEAT, out, &size, &duration);
		if (side->ring)
			ring_buffer__consume(side->ring);
		return duration;
	}
	struct bpf_prog_info before = info(side);
	for (int at = 0; at < CONTEXTS; at++)
		once(side, input, 0, out, &size, NULL);
	struct bpf_prog_info after = info(side);
	return (double)(after.run_time_ns - before.run_time_ns) / (after.run_cnt - before.run_cnt);
}

static double attached(struct side *side, int calls)
{
	struct bpf_link *link = bpf_program__attach(side->program);
	if (!link)
		die("%s: cannot be attached: %s", side->path, strerror(errno));
	struct bpf_prog_info before = info(side);
	for (int at = 0; at < calls; at++)
		syscall(SYS_getppid);
	struct bpf_prog_info after = info(side);
	bpf_link__destroy(link);
	return (double)(after.run_time_ns - before.run_time_ns) / (after.run_cnt - before.run_cnt);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

int main(int argc, char **argv)
{
	static struct side sides[2];
	if (argc < 4)
		die("usage: testrun OURS THEIRS PROGRAM INPUT..");
	libbpf_set_print(quiet);
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	for (int at = 0; at < 2; at++) {
		sides[at].path = argv[1 + at];
		load(&sides[at], argv[3]);
		sides[at].nanoseconds = -1;
	}
	const char *unlike = NULL;
	for (int input = 4; input < argc; input++) {
		if (!strncmp(argv[input], "unlike:", 7)) {
			unlike = argv[input] + 7;
			continue;
		}
		unsigned char packets[2][PACKET] = {};
		__u32 sizes[2] = {}, results[2] = {};
		for (int at = 0; at < 2; at++) {
			if (!strncmp(argv[input], "attach:", 7))
				attached(&sides[at], 10);
			else if (!strncmp(argv[input], "packet:", 7) || !strncmp(argv[input], "context:", 8))
				results[at] = once(&sides[at], argv[input], 1, packets[at], &sizes[at], NULL);
			else if (!strncmp(argv[input], "pid:", 4))
				put_pid(&sides[at], argv[input] + 4);
			else
				put(&sides[at], argv[input]);
			if (sides[at].ring)
				ring_buffer__consume(sides[at].ring);
		}
		if (results[0] != results[1])
			die("%s: results %u and %u", argv[input], results[0], results[1]);
		if (sizes[0] != sizes[1] || memcmp(packets[0], packets[1], sizes[0]))
			die("%s: the packets differ", argv[input]);
		compare_maps(&sides[0], &sides[1], unlike);
	}
	if (sides[0].recorded != sides[1].recorded || memcmp(sides[0].records, sides[1].records, sides[0].recorded))
		die("the records differ");
	/* The last input is the one that takes the longest way. */
	for (int turn = 0; turn < TURNS; turn++)
		for (int at = 0; at < 2; at++) {
			struct side *side = &sides[(turn + at) % 2];
			const char *input = argv[argc - 1];
			double took = !strncmp(input, "attach:", 7) ? attached(side, atoi(input + 7)) : timed(side, input);
			if (side->nanoseconds < 0 || took < side->nanoseconds)
				side->nanoseconds = took;
		}
	for (int at = 0; at < 2; at++) {
		struct bpf_prog_info known = info(&sides[at]);
		printf("%s{\"insns\": %zu, \"processed\": %u, \"ns\": %.1f}%s", at ? ", " : "[", (size_t)bpf_program__insn_cnt(sides[at].program),
		       known.verified_insns, sides[at].nanoseconds, at ? "]\n" : "");
	}
	close(stats);
	return 0;
}
