/* Making a name, in a directory where nobody else is, and describing a directory (tree.c). */
#pragma once
#include "tree-entries.h"

enum { PUT_FILE, PUT_SYMLINK, PUT_NODE, PUT_LINK, PUT_FOLDER, DESCRIBE, REMOVE, PUT_DATA };

/* Then name, source and attributes. */
struct change {
	uint32_t length, what;
	/* The directory that is changed, and where the source or the existing name is. */
	int32_t at, from;
	/*
	 * A directory of ours on the same mount, which nobody else may enter. -1: nobody else may
	 * enter `at`; the name is a path below it, and so is an existing one, and nothing is there.
	 */
	int32_t scratch;
	uint32_t mode, uid, gid, node_major, node_minor;
	int64_t modified;
	uint32_t modified_ns, sync;
	/* The device and the inode that the source must have; of an existing name 0 is any. */
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

/* The same for what cannot be opened. It is in a directory where nobody else is. */
static int32_t describe_named(
	int at, const char *name, const struct change *change, const char *attributes)
{
	int32_t lost = 0;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = change->modified, .tv_nsec = change->modified_ns } };

	if (fchownat(at, name, change->uid, change->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (change->what == PUT_NODE && fchmodat(at, name, change->mode & 07777, 0) < 0)
		return -errno;
	if (change->attributes) {
		int back = go_into(at);
		if (back < 0)
			return -errno;
		lost = set_attributes(-1, name, change, attributes);
		go_back(back);
		if (lost < 0)
			return lost;
	}
	return utimensat(at, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : lost;
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

static int32_t write_bytes(int to, const char *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t written = write(to, bytes + done, length - done);
		if (written < 0)
			return -errno;
		done += written;
	}
	return 0;
}

/* What is made, and where. */
struct making {
	const struct change *change;
	int at;
	const char *name, *source, *attributes;
	/* Whom a new file lets in at first, besides its owner. */
	uint32_t others;
};

static void unmake(const struct making *making)
{
	unlinkat(making->at, making->name, making->change->what == PUT_FOLDER ? AT_REMOVEDIR : 0);
}

/* Makes a file of the bytes of `from`, or of the record if it is -1. */
static int32_t make_file(const struct making *making, int from)
{
	const struct change *change = making->change;
	int to = openat(making->at, making->name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600 | making->others);
	if (to < 0)
		return -errno;
	int32_t lost =
		from < 0 ? write_bytes(to, making->source, change->source) : copy_bytes(from, to);
	if (lost >= 0)
		lost = describe_open(to, change, making->attributes);
	if (lost >= 0 && change->sync && fsync(to) < 0)
		lost = -errno;
	/* Some file systems report a failed write only here. */
	if (close(to) < 0 && lost >= 0)
		lost = -errno;
	if (lost < 0)
		unmake(making);
	return lost;
}

static int32_t make_copy(const struct making *making)
{
	const struct change *change = making->change;
	int32_t from = open_listed(change->from, making->source, change->device, change->inode);

	if (from < 0)
		return from;
	int32_t lost = make_file(making, from);
	close(from);
	return lost;
}

static int32_t make_link(const struct making *making, int from, const char *existing)
{
	uint64_t inode = making->change->inode;
	struct stat is;

	if (!is_component(existing))
		return -EINVAL;
	if (linkat(from, existing, making->at, making->name, 0) < 0)
		return -errno;
	if (inode && (fstatat(making->at, making->name, &is, AT_SYMLINK_NOFOLLOW) < 0 ||
			     is.st_ino != inode))
		return unmake(making), -ESTALE;
	return 0;
}

/* After a failure nothing is left. */
static int32_t make(const struct making *making)
{
	const struct change *change = making->change;
	int32_t failed;

	switch (change->what) {
	case PUT_FILE:
		return make_copy(making);
	case PUT_DATA:
		return make_file(making, -1);
	case PUT_FOLDER:
		return result(mkdirat(making->at, making->name, 0700));
	case PUT_SYMLINK:
		failed = result(symlinkat(making->source, making->at, making->name));
		break;
	case PUT_NODE:
		failed = result(mknodat(making->at, making->name, (change->mode & S_IFMT) | 0600,
			makedev(change->node_major, change->node_minor)));
		break;
	default:
		return make_link(making, change->from, making->source);
	}
	if (failed)
		return failed;
	int32_t lost = describe_named(making->at, making->name, change, making->attributes);
	if (lost < 0)
		unmake(making);
	return lost;
}

/* Returns how many attributes the file system does not support. */
static int32_t put(const struct change *change, const char *name, const char *source)
{
	struct making making = { change, change->scratch, NEW, source, source + change->source + 1,
		0 };
	int32_t lost = make(&making);

	if (lost < 0)
		return lost;
	if (renameat(change->scratch, NEW, change->at, name) < 0)
		lost = -errno;
	/* renameat(2) does nothing and succeeds if both are names of one file. */
	if (lost < 0 || change->what == PUT_LINK)
		unmake(&making);
	return lost;
}
