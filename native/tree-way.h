/* The way down into a tree, of any depth (tree.c). */
#pragma once
#include "tree-entries.h"

/* A directory on the way down. */
struct level {
	dev_t device;
	ino_t inode;
	int fd;
	/* How much of the way's path leads to it. */
	size_t path;
	struct listing *list;
	/*
	 * Only in a walk through two trees (tree-both.h): the same directory in the other one, or
	 * -1; and the names in it, if somebody read them.
	 */
	int beside;
	struct listing *below;
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
	if (level->below != NULL)
		free_listing(level->below);
	if (level->fd >= 0)
		close(level->fd);
	if (level->beside >= 0)
		close(level->beside);
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
	/* The path of the last level, with a slash behind each name, if names were given. */
	char *path;
	size_t path_room;
};

static int32_t go_down(struct way *way, int fd)
{
	if (grow((void **)&way->levels, &way->room, way->depth + 1, sizeof *way->levels) < 0) {
		close(fd);
		return -ENOMEM;
	}
	struct level *level = &way->levels[way->depth++];
	memset(level, 0, sizeof *level);
	level->beside = -1;
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

/* The same, into a directory of this name. The descriptor is closed if that fails. */
static int32_t go_down_to(struct way *way, int fd, const char *name)
{
	size_t path = way->levels[way->depth - 1].path, length = strlen(name);

	if (grow((void **)&way->path, &way->path_room, path + length + 1, 1) < 0) {
		close(fd);
		return -ENOMEM;
	}
	int32_t failed = go_down(way, fd);
	if (failed)
		return failed;
	memcpy(way->path + path, name, length);
	way->path[path + length] = '/';
	way->levels[way->depth - 1].path = path + length + 1;
	return 0;
}

static void leave_way(struct way *way)
{
	while (way->depth > 0)
		close_level(&way->levels[--way->depth]);
	free(way->levels);
	free(way->path);
}

/* What the names of the last level are packed with. */
static void pack_paths(struct space *to, const struct way *way)
{
	to->prefix = way->path;
	to->prefix_length = way->levels[way->depth - 1].path;
}

/* Whether an open directory is the one that was packed. */
static int is_packed(int fd, const struct entry *head)
{
	struct stat is;

	return fstat(fd, &is) == 0 && is.st_dev == head->device && is.st_ino == head->inode;
}
