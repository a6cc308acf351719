// Runs a command once and prints how long it took and how much memory it had at most: measure COMMAND ARG..
//
// Promises: one line "NANOSECONDS KIB STATUS" on standard output; the command's own output goes to /dev/null. Memory is the peak
// of the largest process of the command's tree. This program is small on purpose: the kernel counts the memory of whoever
// called exec towards the command, and a Python interpreter would add 10 MiB.
// Leaves out: time limits, standard input (it is /dev/null).
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	long long began;
	int status, null;
	pid_t child;

	if (argc < 2) {
		fprintf(stderr, "usage: measure COMMAND ARG..\n");
		return 2;
	}
	null = open("/dev/null", O_RDWR);
	began = now();
	child = vfork();
	if (child == 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
		perror("measure");
		return 1;
	}
	printf("%lld %ld %d\n", now() - began, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
