/* The way down into a tree, of any depth (tree.c). */
#pragma once
#include "tree-entries.h"

/* A directory on the way down. */
struct level {
	dev_t device;
	ino_t inode;
	int fd;
	/* How much of a walk's path leads to it. */
	size_t path;
	struct listing *list;
};

/* How many of the last levels keep their descriptor; the way back to others is `..`. */
#define KEPT_OPEN 64

static int32_t open_level(struct level *level, int fd)
{
	struct stat is;

	level->fd = fd;
	level->list = calloc(1, sizeof *level->list);
	if (level->list == NULL)
		return -ENOMEM;
	if (fstat(fd, &is) < 0 || read_names(level->list, fd) < 0)
		return -errno;
	level->device = is.st_dev;
	level->inode = is.st_ino;
	return 0;
}

static void close_level(struct level *level)
{
	if (level->list != NULL)
		free_listing(level->list);
	if (level->fd >= 0)
		close(level->fd);
}

/* ESTALE: the directory was moved since the walk went through it. */
static int32_t reopen_level(struct level *level, int below)
{
	struct stat is;

	if (level->fd >= 0)
		return 0;
	int fd = openat(below, "..", FOLDER);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &is) < 0 || is.st_dev != level->device || is.st_ino != level->inode) {
		close(fd);
		return -ESTALE;
	}
	level->fd = fd;
	return 0;
}

/* The way from the top of a tree down. */
struct way {
	struct level *levels;
	size_t depth, room;
};

static int32_t go_down(struct way *way, int fd)
{
	if (grow((void **)&way->levels, &way->room, way->depth + 1, sizeof *way->levels) < 0) {
		close(fd);
		return -ENOMEM;
	}
	struct level *level = &way->levels[way->depth++];
	memset(level, 0, sizeof *level);
	if (way->depth > KEPT_OPEN) {
		struct level *far = &way->levels[way->depth - 1 - KEPT_OPEN];
		if (far->fd >= 0)
			close(far->fd);
		far->fd = -1;
	}
	int32_t failed = open_level(level, fd);
	if (failed) {
		close_level(level);
		way->depth--;
	}
	return failed;
}

static void leave_way(struct way *way)
{
	while (way->depth > 0)
		close_level(&way->levels[--way->depth]);
	free(way->levels);
}
