/*
 * An ordinary user who owns the tree that root unpacks to, or packs. He watches it with inotify,
 * and puts symlinks to root's directory and to root's file in the place of what is in it.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *tree, *outside;
static unsigned swaps;

/* Swaps a name of the tree. What was there stays in the tree under another name, because only
 * there he may rename a directory of root's. */
static void swap(const char *name)
{
	char path[4096], aside[4096], target[4096];
	struct stat there;
	snprintf(path, sizeof path, "%s/%s", tree, name);
	snprintf(aside, sizeof aside, "%s/.%s", tree, name);
	if (lstat(path, &there) < 0)
		return;
	if (S_ISLNK(there.st_mode) && there.st_uid == getuid()) {
		unlink(path);
		rename(aside, path);
		return;
	}
	snprintf(target, sizeof target, "%s%s", outside, S_ISDIR(there.st_mode) ? "" : "/secret");
	if (rename(path, aside) == 0 && symlink(target, path) == 0)
		swaps++;
}

/* What root made is swapped at once, and is not put back. */
static void watch(int events)
{
	char room[65536] __attribute__((aligned(8)));
	ssize_t bytes = read(events, room, sizeof room);
	for (char *at = room; bytes > 0 && at < room + bytes;) {
		struct inotify_event *event = (struct inotify_event *)at;
		if (event->len > 0 && rand() % 4)
			swap(event->name);
		at += sizeof *event + event->len;
	}
}

static void swap_all(void)
{
	DIR *names = opendir(tree);
	for (struct dirent *each; names && (each = readdir(names));)
		if (each->d_name[0] != '.')
			swap(each->d_name);
	if (names)
		closedir(names);
}

int main(int count, char **words)
{
	if (count != 4)
		return 2;
	int unpack = strcmp(words[1], "unpack") == 0;
	tree = words[2], outside = words[3];
	srand((unsigned)getpid());
	int events = inotify_init1(unpack ? 0 : IN_NONBLOCK);
	if (inotify_add_watch(events, tree, unpack ? IN_CREATE : IN_OPEN | IN_ACCESS) < 0)
		return 3;
	/* Whoever started this ends it when its standard input ends. */
	if (fork() == 0) {
		char byte;
		while (read(0, &byte, 1) > 0)
			;
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	if (write(1, "ready\n", 6) != 6)
		return 4;
	for (unsigned told = 0;;) {
		watch(events);
		if (!unpack)
			swap_all();
		for (; told < swaps; told++)
			if (write(1, "s", 1) != 1)
				return 4;
	}
}
