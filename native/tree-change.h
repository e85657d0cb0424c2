/* Making a name, in a directory where nobody else is, and describing a directory (tree.c). */
#pragma once
#include "tree-entries.h"

enum { PUT_FILE, PUT_SYMLINK, PUT_NODE, PUT_LINK, PUT_FOLDER, DESCRIBE, REMOVE };

/* Then name, source and attributes. */
struct change {
	uint32_t length, what;
	/* The directory that is changed, and where the source or the existing name is. */
	int32_t at, from;
	/* A directory of ours on the same mount, which nobody else may enter. */
	int32_t scratch;
	uint32_t mode, uid, gid, node_major, node_minor;
	int64_t modified;
	uint32_t modified_ns, sync;
	/* The device and the inode that the source must have. */
	uint64_t device, inode;
	/* `needed`: how many of the attributes, the first ones, must be set. */
	uint32_t name, source, attributes, needed;
};

/* The name in the scratch directory of what is being made. */
#define NEW "new"

static const char *attribute_at(const char *at, struct attribute *head)
{
	memcpy(head, at, sizeof *head);
	return at + sizeof *head;
}

/*
 * Sets the attributes that are not set yet: writing costs flash. The name is in the working
 * directory; NULL means the descriptor. Returns how many the file system does not support.
 */
static int32_t set_attributes(
	int fd, const char *name, const struct change *change, const char *list)
{
	static char there[65536];
	const char *end = list + change->attributes;
	uint32_t number = 0;
	int32_t lost = 0;

	for (const char *at = list; at < end; number++) {
		struct attribute head;
		char key[XATTR_NAME_MAX + 1];
		if ((size_t)(end - at) < sizeof head)
			return -EINVAL;
		at = attribute_at(at, &head);
		if (head.name > XATTR_NAME_MAX)
			return -ERANGE;
		if ((uint64_t)head.name + head.value > (uint64_t)(end - at))
			return -EINVAL;
		memcpy(key, at, head.name);
		key[head.name] = 0;
		const char *value = at + head.name;
		at = value + head.value;
		ssize_t now = get_attribute(fd, name, key, there, sizeof there);
		if (now == (ssize_t)head.value && !memcmp(there, value, head.value))
			continue;
		if ((name == NULL ? fsetxattr(fd, key, value, head.value, 0)
				  : lsetxattr(name, key, value, head.value, 0)) == 0)
			continue;
		if (errno != EOPNOTSUPP || number < change->needed)
			return -errno;
		lost++;
	}
	return lost;
}

/*
 * Gives a file its owner, mode, attributes and time, where they differ. The owner goes before the
 * mode and the attributes, because a new owner takes set-user-ID and capabilities away.
 */
static int32_t describe_open(int fd, const struct change *change, const char *attributes)
{
	struct stat is;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = change->modified, .tv_nsec = change->modified_ns } };

	if (fstat(fd, &is) < 0)
		return -errno;
	int other_owner = is.st_uid != change->uid || is.st_gid != change->gid;
	if (other_owner && fchown(fd, change->uid, change->gid) < 0)
		return -errno;
	if ((other_owner || (is.st_mode & 07777) != change->mode) && fchmod(fd, change->mode) < 0)
		return -errno;
	int32_t lost = set_attributes(fd, NULL, change, attributes);
	if (lost < 0)
		return lost;
	return futimens(fd, times) < 0 ? -errno : lost;
}

/* The same for what cannot be opened. It is in the scratch directory, where nobody else is. */
static int32_t describe_named(int at, const struct change *change, const char *attributes)
{
	int32_t lost = 0;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = change->modified, .tv_nsec = change->modified_ns } };

	if (fchownat(at, NEW, change->uid, change->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (change->what == PUT_NODE && fchmodat(at, NEW, change->mode & 07777, 0) < 0)
		return -errno;
	if (change->attributes) {
		int back = go_into(at);
		if (back < 0)
			return -errno;
		lost = set_attributes(-1, NEW, change, attributes);
		go_back(back);
		if (lost < 0)
			return lost;
	}
	return utimensat(at, NEW, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : lost;
}

static int32_t copy_bytes(int from, int to)
{
	static char block[131072];
	ssize_t bytes;

	while ((bytes = read(from, block, sizeof block)) > 0)
		for (ssize_t done = 0; done < bytes;) {
			ssize_t written = write(to, block + done, bytes - done);
			if (written < 0)
				return -errno;
			done += written;
		}
	return bytes < 0 ? -errno : 0;
}

static int32_t make_file(const struct change *change, const char *source, const char *attributes)
{
	int32_t from = open_listed(change->from, source, change->device, change->inode);
	if (from < 0)
		return from;
	int to = openat(
		change->scratch, NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int32_t lost = to < 0 ? -errno : copy_bytes(from, to);
	close(from);
	if (to < 0)
		return lost;
	if (lost >= 0)
		lost = describe_open(to, change, attributes);
	if (lost >= 0 && change->sync && fsync(to) < 0)
		lost = -errno;
	/* Some file systems report a failed write only here. */
	if (close(to) < 0 && lost >= 0)
		lost = -errno;
	return lost;
}

static int32_t make_other(const struct change *change, const char *source, const char *attributes)
{
	int32_t failed;
	struct stat is;

	switch (change->what) {
	case PUT_SYMLINK:
		failed = result(symlinkat(source, change->scratch, NEW));
		break;
	case PUT_NODE:
		failed = result(mknodat(change->scratch, NEW, (change->mode & S_IFMT) | 0600,
			makedev(change->node_major, change->node_minor)));
		break;
	case PUT_FOLDER:
		return result(mkdirat(change->scratch, NEW, 0700));
	default:
		failed = is_component(source)
				 ? result(linkat(change->from, source, change->scratch, NEW, 0))
				 : -EINVAL;
		if (!failed && (fstatat(change->scratch, NEW, &is, AT_SYMLINK_NOFOLLOW) < 0 ||
				       is.st_ino != change->inode))
			failed = -ESTALE;
		return failed;
	}
	return failed ? failed : describe_named(change->scratch, change, attributes);
}

/* Returns how many attributes the file system does not support. */
static int32_t put(const struct change *change, const char *name, const char *rest)
{
	const char *attributes = rest + change->source + 1;
	int32_t lost = change->what == PUT_FILE ? make_file(change, rest, attributes)
						: make_other(change, rest, attributes);

	if (lost >= 0 && renameat(change->scratch, NEW, change->at, name) < 0)
		lost = -errno;
	/* renameat(2) does nothing and succeeds if both are names of one file. */
	if (lost < 0 || change->what == PUT_LINK) {
		int failed = errno;
		unlinkat(change->scratch, NEW, change->what == PUT_FOLDER ? AT_REMOVEDIR : 0);
		errno = failed;
	}
	return lost;
}
