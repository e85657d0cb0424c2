/* Opening directories and files below a descriptor, and packing what is in them (tree.c). */
#pragma once
#define _GNU_SOURCE
/* Without these, times past 2038 and files past 2 GiB do not fit on 32 bits. */
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static int32_t result(long returned)
{
	return returned < 0 ? -errno : 0;
}

/* A name is one component of a path. */
static int is_component(const char *name)
{
	return name[0] && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/');
}

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/*
 * openat2(2) with RESOLVE_NO_XDEV gives EXDEV for every mountpoint, also for a bind mount of the
 * same file system. Before Linux 5.6, or where a seccomp filter forbids it, the caller compares
 * device numbers.
 */
static int open_below(int at, const char *name)
{
	struct open_how how = {
		.flags = FOLDER,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	int fd = syscall(SYS_openat2, at, name, &how, sizeof how);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(at, name, FOLDER);
	return fd;
}

/*
 * Opens a regular file for reading; EINVAL for anything else. O_NONBLOCK, because a FIFO would wait
 * for its writer.
 */
static int32_t open_file(int at, const char *name, struct stat *is)
{
	if (!is_component(name))
		return -EINVAL;
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, is) < 0 || !S_ISREG(is->st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* Opens the file that was listed with this name. ESTALE: another file has the name now. */
static int32_t open_listed(int at, const char *name, uint64_t device, uint64_t inode)
{
	struct stat is;
	int32_t fd = open_file(at, name, &is);

	if (fd == -EINVAL || fd == -ELOOP)
		return -ESTALE;
	if (fd >= 0 && (is.st_ino != inode || is.st_dev != device)) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

/* What a caller gets for each entry; then name, target and attributes. */
struct entry {
	uint32_t length;
	int32_t error;
	uint32_t mode, uid, gid, links, node_major, node_minor;
	uint64_t device, inode;
	int64_t size, modified, changed;
	uint32_t modified_ns, changed_ns;
	uint32_t name, target, attributes;
	/* Only in a walk: how far below its top, and what the file holds. `state` is of a pair too.
	 */
	uint32_t depth, content, state;
	/* Of 512 bytes each, that it takes. */
	uint64_t blocks;
};

/* Then its name and its value. */
struct attribute {
	uint32_t name, value;
};

struct listing {
	size_t count, next, used, room;
	/*
	 * Where each name begins in `names`, behind a byte that says what it is, as d_type of
	 * readdir(3); sorted by the names' bytes.
	 */
	uint32_t *at;
	char *names;
};

static void free_listing(struct listing *list)
{
	free(list->at);
	free(list->names);
	free(list);
}

static int grow(void **memory, size_t *room, size_t needed, size_t size)
{
	size_t next = *room ? *room : 64;

	if (needed <= *room)
		return 0;
	while (next < needed)
		next *= 2;
	void *more = reallocarray(*memory, next, size);
	if (more == NULL)
		return -1;
	*memory = more;
	*room = next;
	return 0;
}

static int by_bytes(const void *one, const void *other, void *names)
{
	const char *base = names;
	return strcmp(base + *(const uint32_t *)one, base + *(const uint32_t *)other);
}

/* A directory of tmpfs says that each of its names takes so many bytes (mm/shmem.c). */
#define TMPFS_NAME 20
#define FEWEST_MOST 65536

/*
 * How many names a listing may have. tmpfs of Linux 6.6 to 6.11 lists a name again that was renamed
 * or made meanwhile (fs/libfs.c: offset_readdir), so whoever may do that keeps a listing from
 * ending. How many names there are at a time is known there. No other file system is known to do
 * that, and none has so many names in one directory.
 */
static size_t most_names(int fd)
{
	struct statfs system;
	struct stat is;

	if (fstatfs(fd, &system) < 0 || fstat(fd, &is) < 0 || system.f_type != TMPFS_MAGIC)
		return 1 << 24;
	return FEWEST_MOST + (size_t)is.st_size / TMPFS_NAME * 4;
}

#ifndef READ_BLOCK
#define READ_BLOCK(fd, block, room) syscall(SYS_getdents64, fd, block, room)
#endif

/*
 * A name of a directory may be missed or twice in a listing if the directory changes meanwhile.
 * EOVERFLOW: the listing does not end.
 */
static int read_names(struct listing *list, int fd)
{
	char block[32768];
	size_t rooms = 0;
	ssize_t bytes;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	/* The least that most_names gives, so that most listings need not ask. */
	size_t most = FEWEST_MOST;
	while ((bytes = READ_BLOCK(fd, block, sizeof block)) > 0) {
		/* It may have grown honestly. */
		if (list->count > most && list->count > (most = most_names(fd))) {
			errno = EOVERFLOW;
			return -1;
		}
		for (char *here = block; here < block + bytes;) {
			struct dirent *found = (struct dirent *)here;
			size_t length = strlen(found->d_name) + 1;
			here += found->d_reclen;
			if (!is_component(found->d_name))
				continue;
			if (grow((void **)&list->at, &rooms, list->count + 1, sizeof *list->at) <
					0 ||
				grow((void **)&list->names, &list->room, list->used + length + 1,
					1) < 0)
				return -1;
			if (list->used + length >= UINT32_MAX) {
				errno = EOVERFLOW;
				return -1;
			}
			list->names[list->used++] = found->d_type;
			list->at[list->count++] = list->used;
			memcpy(list->names + list->used, found->d_name, length);
			list->used += length;
		}
	}
	if (bytes < 0)
		return -1;
	if (list->count > 0)
		qsort_r(list->at, list->count, sizeof *list->at, by_bytes, list->names);
	return 0;
}

/* Listings that are open: one for each directory on the way of a walk. */
static struct listing **listings;
static size_t listing_room;

/* Where the caller wants the entries. */
struct space {
	char *bytes;
	size_t room, used;
	/* What precedes each name that is packed. */
	const char *prefix;
	size_t prefix_length;
};

/* For which there is room. */
static void put_name(const struct space *to, size_t at, const char *name)
{
	if (to->prefix_length)
		memcpy(to->bytes + at, to->prefix, to->prefix_length);
	memcpy(to->bytes + at + to->prefix_length, name, strlen(name));
}

#define ALIGN(bytes) (((bytes) + 7) & ~(size_t)7)

/* Attributes of a name in the working directory, or of a descriptor if `name` is NULL. */
static ssize_t list_attributes(int fd, const char *name, char *names, size_t room)
{
	return name == NULL ? flistxattr(fd, names, room) : llistxattr(name, names, room);
}

static ssize_t get_attribute(int fd, const char *name, const char *key, void *value, size_t room)
{
	return name == NULL ? fgetxattr(fd, key, value, room) : lgetxattr(name, key, value, room);
}

/*
 * Packs all attributes. Returns 0, or -ERANGE if the space is full, or -errno. A file system
 * without attributes has none.
 */
static int pack_attributes(int fd, const char *name, struct space *to, uint32_t *packed)
{
	char names[65536];
	size_t begin = to->used;
	ssize_t bytes = list_attributes(fd, name, names, sizeof names);

	if (bytes < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (char *key = names; key < names + bytes; key += strlen(key) + 1) {
		struct attribute head = { .name = strlen(key) };
		size_t at = to->used + sizeof head + head.name;
		if (at > to->room)
			return -ERANGE;
		ssize_t value = get_attribute(fd, name, key, to->bytes + at, to->room - at);
		/* It was removed since the list was read. */
		if (value < 0 && errno == ENODATA)
			continue;
		/* With no room at all the kernel gives the length, and writes nothing. */
		if (value < 0 || at + value > to->room)
			return value < 0 && errno != ERANGE ? -errno : -ERANGE;
		head.value = value;
		memcpy(to->bytes + to->used, &head, sizeof head);
		memcpy(to->bytes + to->used + sizeof head, key, head.name);
		to->used = at + value;
	}
	*packed = to->used - begin;
	return 0;
}

static void pack_stat(struct entry *head, const struct stat *is)
{
	head->mode = is->st_mode;
	head->uid = is->st_uid;
	head->gid = is->st_gid;
	head->links = is->st_nlink;
	head->node_major = major(is->st_rdev);
	head->node_minor = minor(is->st_rdev);
	head->device = is->st_dev;
	head->inode = is->st_ino;
	head->size = is->st_size;
	head->blocks = is->st_blocks;
	head->modified = is->st_mtim.tv_sec;
	head->modified_ns = is->st_mtim.tv_nsec;
	head->changed = is->st_ctim.tv_sec;
	head->changed_ns = is->st_ctim.tv_nsec;
}

/* How often an entry is looked at again if another file gets its name meanwhile. */
#define LOOKS 8

/*
 * Attributes of a file of the same inode as its stat, which this fills anew. Whoever may rename the
 * file could otherwise give his own one the capabilities of another. Returns as pack_attributes,
 * and -ESTALE if the name has another kind of file now.
 */
static int pack_opened(
	int at, const char *name, struct stat *is, struct space *to, uint32_t *packed)
{
	mode_t kind = is->st_mode & S_IFMT;
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP ? -ESTALE : -errno;
	int failed = fstat(fd, is) < 0 ? -errno : 0;
	if (!failed && (is->st_mode & S_IFMT) != kind)
		failed = -ESTALE;
	if (!failed)
		failed = pack_attributes(fd, NULL, to, packed);
	close(fd);
	return failed;
}

/* Only a regular file or a directory can be opened without effects. Most files have none. */
static int pack_named(int at, const char *name, struct stat *is, struct space *to, uint32_t *packed)
{
	if (name == NULL)
		return pack_attributes(at, NULL, to, packed);
	ssize_t any = llistxattr(name, NULL, 0);
	if (any <= 0)
		return any == 0 || errno == EOPNOTSUPP ? 0 : -errno;
	if (S_ISREG(is->st_mode) || S_ISDIR(is->st_mode)) {
		int failed = pack_opened(at, name, is, to, packed);
		/* Without privileges a file may be unreadable, and its attributes are not. */
		if (failed != -EACCES)
			return failed;
	}
	return pack_attributes(at, name, to, packed);
}

/* Packs what follows the name. -ESTALE: another kind of file has the name now. */
static int pack_rest(int fd, const char *name, int attributes, struct space *to, struct entry *head,
	struct stat *is)
{
	if (S_ISLNK(is->st_mode)) {
		ssize_t target = readlinkat(fd, name, to->bytes + to->used, to->room - to->used);
		if (target < 0)
			return errno == EINVAL ? -ESTALE : -errno;
		if (to->used + target == to->room)
			return -ERANGE;
		to->used += head->target = target;
	}
	return attributes ? pack_named(fd, name, is, to, &head->attributes) : 0;
}

/*
 * Packs an entry, or the directory itself if `name` is NULL. Returns 1, or 0 if the name vanished,
 * or -ERANGE if the space is full. Other errors are in the record.
 */
static int pack_entry(int fd, const char *name, int attributes, struct space *to)
{
	size_t begin = to->used;
	size_t length = name == NULL ? 0 : to->prefix_length + strlen(name);

	if (begin + sizeof(struct entry) + length > to->room)
		return -ERANGE;
	for (int looks = 0; looks < LOOKS; looks++) {
		struct entry head = { .name = length };
		struct stat is;
		int failed = 0;
		if ((name == NULL ? fstat(fd, &is) : fstatat(fd, name, &is, AT_SYMLINK_NOFOLLOW)) <
			0)
			failed = -errno;
		if (name != NULL)
			put_name(to, begin + sizeof head, name);
		to->used = begin + sizeof head + length;
		if (!failed)
			failed = pack_rest(fd, name, attributes, to, &head, &is);
		if (!failed && ALIGN(to->used) > to->room)
			failed = -ERANGE;
		if (failed == -ERANGE)
			to->used = begin;
		if (failed == -ERANGE || failed == -ENOENT)
			return failed == -ERANGE ? failed : (to->used = begin, 0);
		if (failed == -ESTALE && looks + 1 < LOOKS)
			continue;
		if (failed) {
			to->used = begin + sizeof head + length;
			head.target = head.attributes = 0;
			head.error = -failed;
			if (ALIGN(to->used) > to->room)
				return to->used = begin, -ERANGE;
		} else {
			pack_stat(&head, &is);
		}
		memset(to->bytes + to->used, 0, ALIGN(to->used) - to->used);
		to->used = ALIGN(to->used);
		head.length = to->used - begin;
		memcpy(to->bytes + begin, &head, sizeof head);
		return 1;
	}
	return 0;
}

/*
 * Calls that take a path and no descriptor are made in the directory itself, so that they need no
 * /proc. Returns a descriptor for leave(), or -1.
 */
static int go_into(int fd)
{
	int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (back >= 0 && fchdir(fd) < 0) {
		close(back);
		back = -1;
	}
	return back;
}

static void go_back(int back)
{
	int failed = errno;

	if (fchdir(back) < 0 && chdir("/") < 0)
		abort();
	close(back);
	errno = failed;
}
