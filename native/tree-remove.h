/* Removing a tree by descriptor (tree.c). */
#pragma once
#include "tree-way.h"

/* The walk of one tree_remove. */
struct removal {
	struct way way;
	/* The first thing that stayed, and whether only mounts did. */
	int32_t failed;
};

/* Removes one name in the current directory, or goes down into it. */
static int32_t remove_name(struct removal *walk, int at, const char *name)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EBUSY && walk->way.depth > 0)
		return -EXDEV;
	/* POSIX has EPERM for a directory, Linux EISDIR. */
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	int32_t failed = -errno;
	if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		return failed;
	if (errno == EBUSY)
		return -EXDEV;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	int fd = open_below(at, name);
	if (fd < 0)
		return -errno;
	struct stat above, is;
	if (fstat(at, &above) < 0 || fstat(fd, &is) < 0 || above.st_dev != is.st_dev) {
		close(fd);
		return -EXDEV;
	}
	return go_down(&walk->way, fd);
}

static void note(struct removal *walk, int32_t failed)
{
	/* A mount is the least of the reasons for which something stays. */
	if (failed && (!walk->failed || walk->failed == -EXDEV))
		walk->failed = failed;
}

/* Removes everything below the first level. */
static int32_t remove_below(struct removal *walk)
{
	while (walk->way.depth > 0) {
		struct level *level = &walk->way.levels[walk->way.depth - 1];
		struct listing *list = level->list;
		if (list->next < list->count) {
			const char *name = list->names + list->at[list->next++];
			note(walk, remove_name(walk, level->fd, name));
			continue;
		}
		if (walk->way.depth == 1)
			return 0;
		int32_t lost = reopen_level(level - 1, level->fd);
		close_level(level);
		walk->way.depth--;
		if (lost)
			return lost;
		level--;
		if (unlinkat(level->fd, level->list->names + level->list->at[level->list->next - 1],
			    AT_REMOVEDIR) < 0 &&
			errno != ENOENT)
			note(walk, errno == ENOTEMPTY && walk->failed ? 0 : -errno);
	}
	return 0;
}

/* How often a removal begins anew if somebody moves directories under it. */
#define TRIES 8

/*
 * Removes a name and all below it. It follows no symlink and enters no mount; EXDEV if mounts are
 * all that stayed, with the directories above them. A missing name is no error.
 */
static int32_t remove_tree(int at, const char *name)
{
	int32_t failed = 0;

	for (int tries = 0; tries < TRIES; tries++) {
		struct removal walk = { 0 };
		failed = remove_name(&walk, at, name);
		if (!failed && walk.way.depth > 0)
			failed = remove_below(&walk);
		if (!failed)
			failed = walk.failed;
		int descended = walk.way.room > 0;
		leave_way(&walk.way);
		/* Somebody made a new name, or moved a directory: begin anew. */
		if (failed && failed != -ESTALE && failed != -ENOTEMPTY)
			return failed;
		if (!failed &&
			(!descended || unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT))
			return 0;
		if (!failed)
			failed = -errno;
		if (failed != -ESTALE && failed != -ENOTEMPTY)
			return failed;
	}
	return failed;
}
