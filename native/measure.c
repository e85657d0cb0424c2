/*
 * measure [-m] [-p] [-o FILE] -- PROGRAM [ARG...]: runs a program and writes one line of JSON about
 * it, for benchmarks on the board.
 *
 *   start_us   CLOCK_MONOTONIC before fork(2)
 *   wall_us    CLOCK_MONOTONIC from before fork(2) to after wait4(2)
 *   user_us, system_us, max_rss_kib
 *              of the program and the children it waited for, as wait4(2) returns them
 *   status     the program's exit status, or 128 + the signal that ended it. measure exits with it
 *   private_clean_kib, private_dirty_kib, swap_kib
 *              only with -p: the peak memory of the program, from /proc/PID/smaps_rollup. All three
 *              are from the moment when their sum was largest
 *
 * Only this process maps private pages, so they tell how much more memory the machine needs while
 * the program runs. Dirty pages are the program's own memory. Clean pages belong to files, so the
 * kernel may drop them and read them again. Pages that two programs share (the C library) count for
 * neither.
 *
 * -p samples the program's memory every 2 ms, because Node frees its heap before it exits. Sampling
 * costs time, so measure times without it. -m gives the program its own mount namespace, so that a
 * program that switches the root can run several times in one boot. -o FILE appends the line there
 * instead of writing it to stderr.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long tv_us(struct timeval value)
{
	return value.tv_sec * 1000000LL + value.tv_usec;
}

static void die(const char *what)
{
	dprintf(2, "measure: %s: %s\n", what, strerror(errno));
	_exit(127);
}

struct memory {
	long clean, dirty, swap;
};

/* The numbers are in KiB, as the kernel prints them. A program that has ended has no memory, and
 * its file is empty or missing. */
static struct memory memory_of(pid_t pid)
{
	struct memory memory = { 0, 0, 0 };
	char path[64], line[256];
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return memory;
	while (fgets(line, sizeof line, file)) {
		sscanf(line, "Private_Clean: %ld kB", &memory.clean);
		sscanf(line, "Private_Dirty: %ld kB", &memory.dirty);
		sscanf(line, "Swap: %ld kB", &memory.swap);
	}
	fclose(file);
	return memory;
}

static pid_t parent_of(const char *pid)
{
	char path[64], text[256];
	int parent = 0;
	snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	/* We parse after the program's name, which may contain anything. */
	const char *name_end = fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
	if (name_end)
		sscanf(name_end, ") %*c %d", &parent);
	fclose(file);
	return parent;
}

/* Adds up the memory of a program and its children, because the agent's launcher waits for Node. */
static struct memory memory_of_all(pid_t pid)
{
	struct memory all = memory_of(pid);
	DIR *processes = opendir("/proc");
	for (struct dirent *entry; processes && (entry = readdir(processes));) {
		if (!isdigit((unsigned char)entry->d_name[0]) || parent_of(entry->d_name) != pid)
			continue;
		struct memory one = memory_of(atoi(entry->d_name));
		all.clean += one.clean;
		all.dirty += one.dirty;
		all.swap += one.swap;
	}
	if (processes)
		closedir(processes);
	return all;
}

/* Waits for the child's end, and samples its memory meanwhile. */
static pid_t watch(pid_t child, int *status, struct rusage *used, struct memory *most)
{
	const struct timespec pause = { 0, 2000000 };
	pid_t ended;

	while ((ended = wait4(child, status, WNOHANG, used)) == 0) {
		struct memory now = memory_of_all(child);
		if (now.clean + now.dirty + now.swap > most->clean + most->dirty + most->swap)
			*most = now;
		nanosleep(&pause, NULL);
	}
	return ended;
}

static void run(char **words, int own_mounts)
{
	if (own_mounts && unshare(CLONE_NEWNS) < 0)
		die("cannot make a mount namespace");
	if (own_mounts && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("cannot make its mounts private");
	execvp(words[0], words);
	die(words[0]);
}

int main(int argc, char **argv)
{
	int own_mounts = 0, watched = 0, option, status;
	const char *file = NULL;
	struct rusage used;
	struct memory most = { 0, 0, 0 };

	while ((option = getopt(argc, argv, "+mpo:")) != -1) {
		if (option == 'm')
			own_mounts = 1;
		else if (option == 'p')
			watched = 1;
		else if (option == 'o')
			file = optarg;
		else
			return 2;
	}
	if (optind == argc) {
		dprintf(2, "usage: measure [-m] [-p] [-o FILE] -- PROGRAM [ARG...]\n");
		return 2;
	}

	long long start = now_us();
	pid_t child = fork();
	if (child < 0)
		die("cannot fork");
	if (child == 0)
		run(argv + optind, own_mounts);
	if ((watched ? watch(child, &status, &used, &most) : wait4(child, &status, 0, &used)) < 0)
		die("cannot wait");
	long long wall = now_us() - start;

	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	int out = file ? open(file, O_WRONLY | O_CREAT | O_APPEND, 0644) : 2;
	if (out < 0)
		die(file);
	dprintf(out,
		"{\"start_us\":%lld,\"wall_us\":%lld,\"user_us\":%lld,\"system_us\":%lld,\"max_rss_"
		"kib\":%ld,",
		start, wall, tv_us(used.ru_utime), tv_us(used.ru_stime), used.ru_maxrss);
	if (watched)
		dprintf(out,
			"\"private_clean_kib\":%ld,\"private_dirty_kib\":%ld,\"swap_kib\":%ld,",
			most.clean, most.dirty, most.swap);
	dprintf(out, "\"status\":%d}\n", code);
	return code;
}
