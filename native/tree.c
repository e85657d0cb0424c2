/*
 * Trees by descriptor. Every directory is opened below the descriptor of the one above it, without
 * following a symlink, so nobody can lead a walk elsewhere by changing names meanwhile. One call
 * returns many entries, or makes many changes, because a call through FFI costs more than most
 * system calls.
 *
 * src/system/tree-records.ts packs and unpacks the records; both sides have this machine's byte
 * order. Functions return -errno, or 0, or a positive result. They are for one thread.
 */
#define _GNU_SOURCE
/* Without these, times past 2038 and files past 2 GiB do not fit on 32 bits. */
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
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

/* ---- whole directories ---- */

/* What a caller gets for each entry; then name, target and attributes. */
struct entry {
	uint32_t length;
	int32_t error;
	uint32_t mode, uid, gid, links, node_major, node_minor;
	uint64_t device, inode;
	int64_t size, modified, changed;
	uint32_t modified_ns, changed_ns;
	uint32_t name, target, attributes, unused;
};

/* Then its name and its value. */
struct attribute {
	uint32_t name, value;
};

struct listing {
	int fd;
	size_t count, next, used, room;
	/* Where each name begins in `names`; sorted by the names' bytes. */
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

/* A name of a directory may be missed or twice in a listing if the directory changes meanwhile. */
static int read_names(struct listing *list)
{
	char block[32768];
	size_t rooms = 0;
	ssize_t bytes;

	if (lseek(list->fd, 0, SEEK_SET) < 0)
		return -1;
	while ((bytes = syscall(SYS_getdents64, list->fd, block, sizeof block)) > 0)
		for (char *here = block; here < block + bytes;) {
			struct dirent64 *found = (struct dirent64 *)here;
			size_t length = strlen(found->d_name) + 1;
			here += found->d_reclen;
			if (!is_component(found->d_name))
				continue;
			if (grow((void **)&list->at, &rooms, list->count + 1, sizeof *list->at) <
					0 ||
				grow((void **)&list->names, &list->room, list->used + length, 1) <
					0)
				return -1;
			if (list->used + length > UINT32_MAX) {
				errno = EOVERFLOW;
				return -1;
			}
			list->at[list->count++] = list->used;
			memcpy(list->names + list->used, found->d_name, length);
			list->used += length;
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
};

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
	head->modified = is->st_mtim.tv_sec;
	head->modified_ns = is->st_mtim.tv_nsec;
	head->changed = is->st_ctim.tv_sec;
	head->changed_ns = is->st_ctim.tv_nsec;
}

/*
 * Packs an entry, or the directory itself if `name` is NULL. Returns 1, or 0 if the name vanished,
 * or -ERANGE if the space is full. Other errors are in the record.
 */
static int pack_entry(int fd, const char *name, int attributes, struct space *to)
{
	struct entry head = { .name = name == NULL ? 0 : strlen(name) };
	struct stat is;
	size_t begin = to->used;

	if (begin + sizeof head + head.name > to->room)
		return -ERANGE;
	if ((name == NULL ? fstat(fd, &is) : fstatat(fd, name, &is, AT_SYMLINK_NOFOLLOW)) < 0) {
		if (errno == ENOENT)
			return 0;
		head.error = errno;
	} else {
		pack_stat(&head, &is);
	}
	if (name != NULL)
		memcpy(to->bytes + begin + sizeof head, name, head.name);
	to->used = begin + sizeof head + head.name;
	if (!head.error && S_ISLNK(is.st_mode)) {
		ssize_t target = readlinkat(fd, name, to->bytes + to->used, to->room - to->used);
		if (target >= 0 && to->used + target == to->room)
			goto full;
		if (target < 0)
			head.error = errno;
		else
			to->used += head.target = target;
	}
	if (!head.error && attributes) {
		int failed = pack_attributes(fd, name, to, &head.attributes);
		if (failed == -ERANGE)
			goto full;
		head.error = -failed;
	}
	if (ALIGN(to->used) > to->room)
		goto full;
	memset(to->bytes + to->used, 0, ALIGN(to->used) - to->used);
	to->used = ALIGN(to->used);
	head.length = to->used - begin;
	memcpy(to->bytes + begin, &head, sizeof head);
	return 1;
full:
	to->used = begin;
	return -ERANGE;
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

/* ---- what a caller reads ---- */

/* Names, records and results go through one space of the caller's, of tree_share. */
static char *shared;
static uint32_t shared_room;

/* The bytes must stay where they are until the next call of this. */
EXPORT int32_t tree_share(char *bytes, uint32_t room)
{
	shared = bytes;
	shared_room = room & ~7u;
	return 0;
}

/* Packs the new directory itself, as an entry without a name, and returns its descriptor. */
static int32_t opened(int fd)
{
	struct space to = { shared, shared_room, 0 };

	return fd < 0 ? -errno : (pack_entry(fd, NULL, 0, &to), fd);
}

/*
 * Opens the directory whose path is in the space. The path may lead through symlinks; only with
 * `follow` may it end in one.
 */
EXPORT int32_t tree_open(int32_t follow)
{
	return opened(open(shared, follow ? FOLDER & ~O_NOFOLLOW : FOLDER));
}

/*
 * Opens the directory in a directory whose name is in the space. EXDEV: something is mounted there.
 * ELOOP or ENOTDIR: it is a symlink or a file.
 */
EXPORT int32_t tree_enter(int32_t at)
{
	return is_component(shared) ? opened(open_below(at, shared)) : -EINVAL;
}

/*
 * Makes an empty directory that only we may enter, and opens it. ESTALE: somebody put another one
 * in its place.
 */
EXPORT int32_t tree_scratch(int32_t at)
{
	struct stat is;

	if (!is_component(shared))
		return -EINVAL;
	if (mkdirat(at, shared, 0700) < 0)
		return -errno;
	int fd = open_below(at, shared);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &is) < 0 || is.st_uid != geteuid() || (is.st_mode & 0077)) {
		close(fd);
		return -ESTALE;
	}
	return opened(fd);
}

/* Opens the directory above one. The caller checks that it is the expected one. */
EXPORT int32_t tree_above(int32_t at)
{
	return opened(openat(at, "..", FOLDER));
}

/* Another descriptor of the same directory. */
EXPORT int32_t tree_again(int32_t at)
{
	return opened(openat(at, ".", FOLDER));
}

EXPORT int32_t tree_close(int32_t fd)
{
	return result(close(fd));
}

/*
 * Opens a regular file for reading; EINVAL for anything else. O_NONBLOCK, because a FIFO would wait
 * for its writer.
 */
static int32_t open_file(int at, const char *name)
{
	struct stat is;

	if (!is_component(name))
		return -EINVAL;
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &is) < 0 || !S_ISREG(is.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

EXPORT int32_t tree_open_file(int32_t at)
{
	return open_file(at, shared);
}

/* What precedes the entries in the space: the number of the listing, or -1 after its end. */
#define HEAD 8

EXPORT int32_t tree_end(int32_t number)
{
	if (number < 0 || (size_t)number >= listing_room || listings[number] == NULL)
		return -EBADF;
	free_listing(listings[number]);
	listings[number] = NULL;
	return 0;
}

/*
 * Gives the next entries of a listing, as many as there is room for. `fd` is the directory, which
 * may have been closed and opened again since. Returns bytes; -ERANGE if there is no room for the
 * next one. The listing ends itself.
 */
EXPORT int32_t tree_next(int32_t number, int32_t fd, int32_t attributes)
{
	struct space to = { shared, shared_room, HEAD };

	if (number < 0 || (size_t)number >= listing_room || listings[number] == NULL)
		return -EBADF;
	memset(shared, 0, HEAD);
	memcpy(shared, &number, sizeof number);
	struct listing *list = listings[number];
	int back = attributes ? go_into(fd) : -1;
	if (attributes && back < 0)
		return -errno;
	int packed = 0;
	while (list->next < list->count) {
		packed = pack_entry(fd, list->names + list->at[list->next], attributes, &to);
		if (packed < 0)
			break;
		list->next++;
	}
	if (back >= 0)
		go_back(back);
	if (packed < 0 && to.used == HEAD)
		return packed;
	if (packed >= 0) {
		tree_end(number);
		memset(shared, 0xff, sizeof number);
	}
	return to.used;
}

/* Reads the names of a directory, and gives the first entries as tree_next does. */
EXPORT int32_t tree_list(int32_t fd, int32_t attributes)
{
	size_t number = 0, room = listing_room;

	while (number < listing_room && listings[number] != NULL)
		number++;
	if (grow((void **)&listings, &listing_room, number + 1, sizeof *listings) < 0)
		return -ENOMEM;
	if (listing_room > room)
		memset(listings + room, 0, (listing_room - room) * sizeof *listings);
	struct listing *list = calloc(1, sizeof *list);
	if (list == NULL)
		return -ENOMEM;
	list->fd = fd;
	if (read_names(list) < 0) {
		int32_t failed = -errno;
		free_listing(list);
		return failed;
	}
	listings[number] = list;
	int32_t bytes = tree_next(number, fd, attributes);
	if (bytes < 0 && bytes != -ERANGE)
		tree_end(number);
	return bytes;
}

/*
 * The entry of the name in the space, or the directory itself if it is empty. Returns bytes; 0 if
 * there is no such name; -ERANGE if there is no room, and the space is as it was.
 */
EXPORT int32_t tree_entry(int32_t fd, int32_t attributes)
{
	struct space to = { shared, shared_room, 0 };
	char name[NAME_MAX + 1];
	size_t length = strnlen(shared, sizeof name);

	if (length == sizeof name)
		return -ENAMETOOLONG;
	memcpy(name, shared, length + 1);
	int is_named = length > 0;
	if (is_named && !is_component(name))
		return -EINVAL;
	int back = attributes && is_named ? go_into(fd) : -1;
	if (attributes && is_named && back < 0)
		return -errno;
	int packed = pack_entry(fd, is_named ? name : NULL, attributes, &to);
	if (back >= 0)
		go_back(back);
	if (packed < 0)
		memcpy(shared, name, length + 1);
	return packed < 0 ? packed : (int32_t)to.used;
}

/* ---- changes ---- */

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

/* ESTALE: another file has the name of the source now. */
static int32_t open_source(const struct change *change, const char *name)
{
	struct stat is;
	int32_t fd = open_file(change->from, name);

	if (fd == -EINVAL || fd == -ELOOP)
		return -ESTALE;
	if (fd >= 0 &&
		(fstat(fd, &is) < 0 || is.st_ino != change->inode || is.st_dev != change->device)) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

static int32_t make_file(const struct change *change, const char *source, const char *attributes)
{
	int32_t from = open_source(change, source);
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

/* ---- removing a tree ---- */

/* A directory on the way down. */
struct level {
	dev_t device;
	ino_t inode;
	int fd;
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
	level->list->fd = fd;
	if (fstat(fd, &is) < 0 || read_names(level->list) < 0)
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
	level->fd = level->list->fd = fd;
	return 0;
}

/* The walk of one tree_remove. */
struct removal {
	struct level *levels;
	size_t depth, room;
	/* The first thing that stayed, and whether only mounts did. */
	int32_t failed;
};

static int32_t go_down(struct removal *walk, int fd)
{
	if (grow((void **)&walk->levels, &walk->room, walk->depth + 1, sizeof *walk->levels) < 0) {
		close(fd);
		return -ENOMEM;
	}
	struct level *level = &walk->levels[walk->depth++];
	memset(level, 0, sizeof *level);
	if (walk->depth > KEPT_OPEN) {
		struct level *far = &walk->levels[walk->depth - 1 - KEPT_OPEN];
		if (far->fd >= 0)
			close(far->fd);
		far->fd = -1;
	}
	int32_t failed = open_level(level, fd);
	if (failed) {
		close_level(level);
		walk->depth--;
	}
	return failed;
}

/* Removes one name in the current directory, or goes down into it. */
static int32_t remove_name(struct removal *walk, int at, const char *name)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EBUSY && walk->depth > 0)
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
	return go_down(walk, fd);
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
	while (walk->depth > 0) {
		struct level *level = &walk->levels[walk->depth - 1];
		struct listing *list = level->list;
		if (list->next < list->count) {
			const char *name = list->names + list->at[list->next++];
			note(walk, remove_name(walk, level->fd, name));
			continue;
		}
		if (walk->depth == 1)
			return 0;
		int32_t lost = reopen_level(level - 1, level->fd);
		close_level(level);
		walk->depth--;
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
		if (!failed && walk.depth > 0)
			failed = remove_below(&walk);
		if (!failed)
			failed = walk.failed;
		int descended = walk.room > 0;
		while (walk.depth > 0)
			close_level(&walk.levels[--walk.depth]);
		free(walk.levels);
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

/* Nothing more can be made after one of these. */
static int is_full(int32_t failed)
{
	return failed == -ENOSPC || failed == -EDQUOT || failed == -EROFS;
}

static int32_t apply(const struct change *change, const char *name)
{
	const char *rest = name + change->name + 1;

	if (change->what == DESCRIBE)
		return describe_open(change->at, change, rest + change->source + 1);
	if (!is_component(name))
		return -EINVAL;
	return change->what == REMOVE ? remove_tree(change->at, name) : put(change, name, rest);
}

/* Both strings and the attributes lie within the record, and the strings end where it says. */
static int is_whole(const struct change *change, const char *record)
{
	const char *name = record + sizeof *change;
	uint64_t needed = (uint64_t)change->name + change->source + change->attributes + 2;

	return needed <= change->length - sizeof *change && name[change->name] == 0 &&
	       name[change->name + 1 + change->source] == 0;
}

/*
 * Makes the changes in the space one after the other. Each has a result of its own; the results
 * follow the changes. After a full file system the others are not tried, and have ECANCELED.
 */
EXPORT int32_t tree_apply(uint32_t bytes)
{
	int32_t made = 0, full = 0;
	uint32_t results = ALIGN(bytes);

	for (uint32_t at = 0; at + sizeof(struct change) <= bytes; made++) {
		struct change change;
		memcpy(&change, shared + at, sizeof change);
		if (change.length < sizeof change || change.length > bytes - at ||
			!is_whole(&change, shared + at) ||
			results + 4 * ((uint64_t)made + 1) > shared_room)
			return -EINVAL;
		int32_t done = full ? -ECANCELED : apply(&change, shared + at + sizeof change);
		full |= is_full(done);
		memcpy(shared + results + 4 * made, &done, sizeof done);
		at += change.length;
	}
	return made;
}
