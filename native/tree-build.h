/* Building a tree by paths, below a directory that nobody else may enter (tree.c). */
#pragma once
#include "tree-change.h"
#include "tree-remove.h"

/* The directory that was reached last: most changes are in the same one as the change before. */
struct reached {
	int at, fd;
	size_t length;
	char path[PATH_MAX];
};

static void leave_reached(struct reached *last)
{
	if (last->fd >= 0)
		close(last->fd);
	last->fd = -1;
}

/* Opens the directory at a path of names below another one, through no symlink and no mount. */
static int32_t open_way(int at, const char *path, size_t length)
{
	int fd = length ? at : openat(at, ".", FOLDER);

	for (size_t begin = 0, end; fd >= 0 && begin < length; begin = end + 1) {
		char name[NAME_MAX + 1];
		for (end = begin; end < length && path[end] != '/'; end++)
			;
		int above = fd;
		fd = -1;
		errno = ENAMETOOLONG;
		if (end - begin <= NAME_MAX) {
			memcpy(name, path + begin, end - begin);
			name[end - begin] = 0;
			errno = EINVAL;
			if (is_component(name))
				fd = open_below(above, name);
		}
		int failed = errno;
		if (begin)
			close(above);
		errno = failed;
	}
	return fd < 0 ? -errno : fd;
}

/* The descriptor is valid until the next call with the same `last`. */
static int32_t reach(struct reached *last, int at, const char *path, size_t length)
{
	if (last->fd >= 0 && last->at == at && last->length == length &&
		!memcmp(last->path, path, length))
		return last->fd;
	if (length >= sizeof last->path) {
		leave_reached(last);
		return -ENAMETOOLONG;
	}
	/* Often it is a directory in that one. */
	size_t same = last->length;
	int is_below = last->fd >= 0 && last->at == at && same && same < length &&
		       path[same] == '/' && !memcmp(last->path, path, same);
	int32_t fd = is_below ? open_way(last->fd, path + same + 1, length - same - 1)
			      : open_way(at, path, length);
	leave_reached(last);
	if (fd < 0)
		return fd;
	*last = (struct reached){ .at = at, .fd = fd, .length = length };
	memcpy(last->path, path, length);
	return fd;
}

/* Splits a path into its directory, whose length this returns, and its last name. */
static size_t split(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash == NULL ? path : slash + 1;
	return slash == NULL ? 0 : slash - path;
}

static int32_t build_link(const struct making *making, int at)
{
	const char *existing;
	size_t length = split(making->source, &existing);
	int32_t from = open_way(at, making->source, length);

	if (from < 0)
		return from;
	int32_t failed = make_link(making, from, existing);
	close(from);
	return failed;
}

/* Makes one change. Returns as put(); EEXIST if there is something, which stays as it was. */
static int32_t build(
	struct reached *last, const struct change *change, const char *path, const char *source)
{
	const char *attributes = source + change->source + 1, *name = NULL;
	size_t length = change->what == DESCRIBE ? strlen(path) : split(path, &name);
	int32_t fd = reach(last, change->at, path, length);

	if (fd < 0)
		return fd;
	if (change->what == DESCRIBE)
		return describe_open(fd, change, attributes);
	if (!is_component(name) || change->what == PUT_FILE)
		return -EINVAL;
	if (change->what == REMOVE) {
		int32_t failed = remove_tree(fd, name);
		/* It may have been the way to the directory that is reached. */
		leave_reached(last);
		return failed;
	}
	struct making making = { change, fd, name, source, attributes };
	return change->what == PUT_LINK ? build_link(&making, change->at) : make(&making);
}
