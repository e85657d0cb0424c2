/*
 * A walk through a tree and its copy, which makes the copy of all that is ordinary (tree.c):
 * regular files and symlinks with one name and without attributes, directories without attributes,
 * names that only the copy has. What is not ordinary, or fails, goes to the caller.
 */
#pragma once
#include "tree-build.h"
#include "tree-pairs.h"

/* What the caller must do before the walk goes on. */
enum { COPY_ENDED = 1, COPY_GOES_ON, COPY_PAIRS, COPY_FOLDER, COPY_DESCRIBE };

/* What precedes the records in the space; then the path of the directory, and zeros up to 8. */
struct copied {
	uint32_t what;
	/* The present directory in both trees. The descriptors stay the walk's. */
	int32_t from, to;
	/* Whether its files may be others than before, although they did not change. */
	uint32_t moved;
	/* Since the last call: files and their bytes that were copied, names that were removed. */
	uint32_t files, removed;
	uint64_t bytes;
	uint64_t from_device, to_device;
	uint32_t path, reserved;
};

/*
 * The bits of `state`: another record follows, of the copy; only the copy has the name. Above them
 * is the number of the error of the change that the walk tried.
 */
enum { IS_IN_COPY = 2, IS_EXTRA = 4, ERROR_BITS = 3 };

/* What became of a name, if there was no error. */
enum { NOT_ORDINARY, IS_DONE };

/* Each walk may have two descriptors for each level. */
#define COPIES 3
#define DEEPEST 32
/* The caller hears about the progress after so many names or bytes. */
#define NAMES_AT_ONCE 512
#define BYTES_AT_ONCE (4 << 20)

struct copying {
	/* A level's listings are of the original and of the copy, which is `beside` it. */
	struct way way;
	struct copied_level {
		struct stat is;
		int moved;
		/* Whether all but its directories is done. */
		int has_folders_left;
	} of[DEEPEST];
	int scratch;
	/*
	 * The depth of a directory that this walk made, and that is not described yet; 0 if there
	 * is none. Nobody else can be in it or below, so names there are made in place: two of the
	 * six nodes that a small file takes on jffs2 are those of a rename.
	 */
	size_t fresh_depth;
	uint64_t copy_device;
	/* When the last copy began; without one nothing is up to date. */
	int has_since;
	int64_t since;
	uint32_t since_ns;
	/* Our directory at the top of the copy. */
	char ours[NAME_MAX + 1];
	/* Whether the caller looks at the directory that is left. */
	int is_leaving;
	uint32_t names, files, removed;
	uint64_t bytes;
};

static struct copying *copies[COPIES];

static int has_changed_since(const struct copying *walk, const struct stat *is)
{
	return !walk->has_since || is->st_ctim.tv_sec > walk->since ||
	       (is->st_ctim.tv_sec == walk->since &&
		       (uint32_t)is->st_ctim.tv_nsec >= walk->since_ns);
}

/*
 * Notes of overlay about one of its mounts, as in src/system/one-mount.ts: no copy has them, and
 * they make no entry special.
 */
static int is_of_one_mount(const char *key)
{
	static const char *const names[] = { "origin", "impure", "nlink", "upper", "uuid" };
	static const char overlay[] = "trusted.overlay.";

	if (strncmp(key, overlay, sizeof overlay - 1))
		return 0;
	for (size_t at = 0; at < sizeof names / sizeof *names; at++)
		if (!strcmp(key + sizeof overlay - 1, names[at]))
			return 1;
	return 0;
}

/* Of a descriptor, or of a name in the working directory. */
static int has_no_marks(int fd, const char *name)
{
	char keys[1024];
	ssize_t bytes = list_attributes(fd, name, keys, sizeof keys);

	if (bytes < 0)
		return errno == EOPNOTSUPP;
	for (const char *key = keys; key < keys + bytes; key += strlen(key) + 1)
		if (!is_of_one_mount(key))
			return 0;
	return 1;
}

/* The number of names. Whiteouts are links of one file, and have nothing else in common. */
static uint64_t names_of(const struct stat *is)
{
	return S_ISCHR(is->st_mode) && is->st_rdev == 0 ? 1 : is->st_nlink;
}

/* Some file systems keep seconds only (jffs2, ext4 with small inodes). */
static int is_same_time(const struct timespec *one, const struct timespec *copy)
{
	return one->tv_sec == copy->tv_sec && (one->tv_nsec == copy->tv_nsec || copy->tv_nsec == 0);
}

static int is_same_target(int at, int beside, const char *name)
{
	static char ours[PATH_MAX], theirs[PATH_MAX];
	ssize_t bytes = readlinkat(at, name, ours, sizeof ours);

	return bytes >= 0 && readlinkat(beside, name, theirs, sizeof theirs) == bytes &&
	       !memcmp(ours, theirs, bytes);
}

/*
 * Whether a name of the copy is what the last copy made of this original, which has one name. In a
 * directory that was changed since, files may have changed places: there content decides.
 */
static int is_up_to_date(const struct copying *walk, const char *name, const struct stat *one,
	const struct stat *copy)
{
	const struct level *level = &walk->way.levels[walk->way.depth - 1];

	if (has_changed_since(walk, one) || one->st_mode != copy->st_mode ||
		one->st_size != copy->st_size || one->st_uid != copy->st_uid ||
		one->st_gid != copy->st_gid || names_of(copy) != 1 ||
		!is_same_time(&one->st_mtim, &copy->st_mtim))
		return 0;
	if ((S_ISCHR(one->st_mode) || S_ISBLK(one->st_mode)) && one->st_rdev != copy->st_rdev)
		return 0;
	if (S_ISLNK(one->st_mode))
		return is_same_target(level->fd, level->beside, name);
	return !S_ISREG(one->st_mode) || !walk->of[walk->way.depth - 1].moved ||
	       compare_files(level->fd, level->beside, name) == HOLDS_SAME;
}

/* How a copy shall be. */
static struct change change_to(const struct copying *walk, uint32_t what, const struct stat *is)
{
	return (struct change){ .what = what,
		.scratch = walk->scratch,
		.mode = is->st_mode & 07777,
		.uid = is->st_uid,
		.gid = is->st_gid,
		.modified = is->st_mtim.tv_sec,
		.modified_ns = is->st_mtim.tv_nsec };
}

/* Makes something, and gives it its name. After an error nothing is left. */
static int32_t put_copy(
	struct copying *walk, const struct making *made_as, int from, const char *name)
{
	int to = walk->way.levels[walk->way.depth - 1].beside;
	struct making making = *made_as;

	if (walk->fresh_depth) {
		making.at = to;
		making.name = name;
	}
	int32_t failed = from < 0 ? make(&making) : make_file(&making, from);
	if (failed < 0)
		return failed;
	if (!walk->fresh_depth && renameat(making.at, making.name, to, name) < 0) {
		failed = -errno;
		unmake(&making);
		return failed;
	}
	walk->files++;
	return IS_DONE;
}

/* All that is copied is of the file that was opened, whatever gets its name meanwhile. */
static int32_t copy_file(struct copying *walk, const struct level *level, const char *name)
{
	struct stat is;
	int32_t done = NOT_ORDINARY;
	int fd = open_file(level->fd, name, &is);

	if (fd < 0)
		return NOT_ORDINARY;
	struct change change = change_to(walk, PUT_FILE, &is);
	struct making making = { &change, walk->scratch, NEW, "", "" };
	if (is.st_nlink == 1 && has_no_marks(fd, NULL))
		done = put_copy(walk, &making, fd, name);
	close(fd);
	if (done == IS_DONE)
		walk->bytes += is.st_size;
	return done;
}

static int32_t copy_symlink(struct copying *walk, const struct level *level, const char *name)
{
	static char target[PATH_MAX];
	ssize_t bytes = -1;
	struct stat is;
	int fd = openat(level->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return NOT_ORDINARY;
	if (fstat(fd, &is) == 0 && S_ISLNK(is.st_mode) && is.st_nlink == 1)
		bytes = readlinkat(fd, "", target, sizeof target);
	close(fd);
	if (bytes < 0 || bytes == sizeof target || !has_no_marks(-1, name))
		return NOT_ORDINARY;
	target[bytes] = 0;
	struct change change = change_to(walk, PUT_SYMLINK, &is);
	return put_copy(
		walk, &(struct making){ &change, walk->scratch, NEW, target, "" }, -1, name);
}

/* Removes a name that only the copy has. */
static int32_t remove_extra(struct copying *walk, const struct level *level, const char *name)
{
	if (walk->way.depth == 1 && !strcmp(name, walk->ours))
		return IS_DONE;
	int32_t failed = remove_tree(level->beside, name);
	if (failed)
		return failed;
	walk->removed++;
	return IS_DONE;
}

/*
 * Copies one name, which the copy may have too. A directory is only remembered, in the byte before
 * the name.
 */
static int32_t copy_name(struct copying *walk, char *name, int is_in_copy)
{
	const struct level *level = &walk->way.levels[walk->way.depth - 1];
	int is_known_file = name[-1] == DT_REG && !is_in_copy;
	struct stat one, copy;

	name[-1] = DT_UNKNOWN;
	if (is_known_file)
		return copy_file(walk, level, name);
	if (fstatat(level->fd, name, &one, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return NOT_ORDINARY;
		return is_in_copy ? remove_extra(walk, level, name) : IS_DONE;
	}
	if (S_ISDIR(one.st_mode)) {
		name[-1] = DT_DIR;
		return IS_DONE;
	}
	if (names_of(&one) != 1)
		return NOT_ORDINARY;
	if (is_in_copy && fstatat(level->beside, name, &copy, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(copy.st_mode))
			return NOT_ORDINARY;
		if (is_up_to_date(walk, name, &one, &copy))
			return IS_DONE;
	}
	if (S_ISREG(one.st_mode))
		return copy_file(walk, level, name);
	return S_ISLNK(one.st_mode) ? copy_symlink(walk, level, name) : NOT_ORDINARY;
}

/*
 * Makes a directory of the copy if there is nothing, for nobody else until it is described. It has
 * its name at once: on jffs2 a power cut in a rename would leave it with two.
 */
static int32_t make_copy_folder(struct copying *walk, const char *name)
{
	int to = walk->way.levels[walk->way.depth - 1].beside;

	if (mkdirat(to, name, 0700) < 0)
		return errno == EEXIST ? IS_DONE : -errno;
	if (!walk->fresh_depth)
		walk->fresh_depth = walk->way.depth + 1;
	return IS_DONE;
}

/*
 * Opens an ordinary directory of the copy; -1 for anything else. Whoever owns the directory around
 * it may have put another one in the place of what was made.
 */
static int open_copy_folder(struct copying *walk, const char *name)
{
	int fd = open_below(walk->way.levels[walk->way.depth - 1].beside, name);
	struct stat is;

	if (fd < 0)
		return -1;
	if (fstat(fd, &is) < 0 || is.st_dev != walk->copy_device || !has_no_marks(fd, NULL)) {
		close(fd);
		return -1;
	}
	if (walk->fresh_depth == walk->way.depth + 1 &&
		(is.st_uid != geteuid() || (is.st_mode & 0777) != 0700))
		walk->fresh_depth = 0;
	return fd;
}

/* The walk is in this directory of both trees now. Both descriptors are closed if that fails. */
static int32_t enter_copy(struct copying *walk, int fd, int beside, const char *name)
{
	struct listing *below = calloc(1, sizeof *below);
	int32_t failed = below == NULL ? -ENOMEM : 0;

	if (!failed && read_names(below, beside) < 0)
		failed = -errno;
	if (failed)
		close(fd);
	else
		failed = name == NULL ? go_down(&walk->way, fd) : go_down_to(&walk->way, fd, name);
	if (failed) {
		close(beside);
		if (below != NULL)
			free_listing(below);
		return failed;
	}
	struct level *level = &walk->way.levels[walk->way.depth - 1];
	level->beside = beside;
	level->below = below;
	return 0;
}

/* Goes down into a directory. */
static int32_t enter_folder(struct copying *walk, const char *name)
{
	const struct level *level = &walk->way.levels[walk->way.depth - 1];
	struct stat is;

	if (walk->way.depth == DEEPEST)
		return NOT_ORDINARY;
	int fd = open_below(level->fd, name);
	if (fd < 0)
		return NOT_ORDINARY;
	int32_t done = NOT_ORDINARY;
	if (fstat(fd, &is) == 0 && is.st_dev == level->device && has_no_marks(fd, NULL))
		done = make_copy_folder(walk, name);
	int beside = done == IS_DONE ? open_copy_folder(walk, name) : -1;
	int is_in = 0;
	if (beside < 0)
		close(fd);
	else
		is_in = enter_copy(walk, fd, beside, name) == 0;
	if (!is_in) {
		if (walk->fresh_depth > walk->way.depth)
			walk->fresh_depth = 0;
		return done < 0 ? done : NOT_ORDINARY;
	}
	struct copied_level *of = &walk->of[walk->way.depth - 1];
	*of = (struct copied_level){ .is = is,
		.moved = of[-1].moved || has_changed_since(walk, &is) };
	return IS_DONE;
}

static void set_state(const struct space *to, size_t at, uint32_t state)
{
	struct entry one;

	memcpy(&one, to->bytes + at, sizeof one);
	one.state = state;
	memcpy(to->bytes + at, &one, sizeof one);
}

static int32_t pack_in_copy(const struct level *level, const char *name, struct space *to)
{
	if (fchdir(level->beside) < 0)
		return -errno;
	int32_t packed = pack_entry(level->beside, name, 1, to);
	return fchdir(level->fd) < 0 ? -errno : packed;
}

/*
 * Packs the entries of a name in both trees, either of which may be missing by now. `order` as of
 * strcmp: which tree had the name. `failed` is an error or NOT_ORDINARY.
 */
static int32_t pack_names(
	const struct level *level, const char *name, int order, int32_t failed, struct space *to)
{
	size_t begin = to->used;
	uint32_t error = (uint32_t)-failed << ERROR_BITS;
	int32_t one = order > 0 ? 0 : pack_entry(level->fd, name, 1, to);
	int32_t other = one < 0 || order < 0 ? 0 : pack_in_copy(level, name, to);

	if (one < 0 || other < 0) {
		to->used = begin;
		return one < 0 ? one : other;
	}
	if (one || other)
		set_state(to, begin, error | (one == 0 ? IS_EXTRA : other ? IS_IN_COPY : 0));
	return 0;
}

/* Copies the next name of a directory. Returns 0, or an error as pack_entry. */
static int32_t copy_next(struct copying *walk, struct level *level, struct space *to)
{
	struct listing *ours = level->list, *theirs = level->below;
	char *one = ours->next < ours->count ? ours->names + ours->at[ours->next] : NULL;
	char *other =
		theirs->next < theirs->count ? theirs->names + theirs->at[theirs->next] : NULL;
	int order = one == NULL ? 1 : other == NULL ? -1 : strcmp(one, other);
	int32_t done =
		order > 0 ? remove_extra(walk, level, other) : copy_name(walk, one, order == 0);
	int32_t packed =
		done == IS_DONE ? 0 : pack_names(level, order > 0 ? other : one, order, done, to);

	if (packed < 0)
		return packed;
	walk->names++;
	if (order <= 0)
		ours->next++;
	if (order >= 0)
		theirs->next++;
	return 0;
}

/* Returns what the caller must do; 0 for nothing; an error as pack_entry. */
static int32_t copy_names(struct copying *walk, struct level *level, struct space *to)
{
	size_t head = to->used;

	while (level->list->next < level->list->count || level->below->next < level->below->count) {
		int32_t packed = copy_next(walk, level, to);
		if (packed < 0)
			return to->used > head ? COPY_PAIRS : packed;
		if (walk->names >= NAMES_AT_ONCE || walk->bytes >= BYTES_AT_ONCE)
			return to->used > head ? COPY_PAIRS : COPY_GOES_ON;
	}
	walk->of[walk->way.depth - 1].has_folders_left = 1;
	level->list->next = 0;
	return to->used > head ? COPY_PAIRS : 0;
}

/* The next name of a directory in this one; NULL behind the last. */
static const char *next_folder(struct listing *list)
{
	while (list->next < list->count) {
		const char *name = list->names + list->at[list->next++];
		if (name[-1] == DT_DIR)
			return name;
	}
	return NULL;
}

static void leave_copy(struct copying *walk)
{
	close_level(&walk->way.levels[--walk->way.depth]);
	walk->is_leaving = 0;
}

/* Packs the head of what the caller gets. -ERANGE: there is no room. */
static int32_t pack_copied(struct copying *walk, struct space *to)
{
	const struct level *level = &walk->way.levels[walk->way.depth - 1];
	struct copied head = { .path = level->path };

	to->used = ALIGN(sizeof head + head.path);
	if (to->used > to->room)
		return -ERANGE;
	memset(to->bytes, 0, to->used);
	memcpy(to->bytes, &head, sizeof head);
	if (head.path)
		memcpy(to->bytes + sizeof head, walk->way.path, head.path);
	return 0;
}

/* Completes the head, and gives the caller what was done since the last call. */
static void tell_copied(struct copying *walk, struct space *to, int32_t what)
{
	const struct level *level = &walk->way.levels[walk->way.depth - 1];
	struct copied head = { .what = what,
		.from = level->fd,
		.to = level->beside,
		.moved = walk->of[walk->way.depth - 1].moved,
		.files = walk->files,
		.removed = walk->removed,
		.bytes = walk->bytes,
		.from_device = level->device,
		.to_device = walk->copy_device,
		.path = level->path };

	memcpy(to->bytes, &head, sizeof head);
	walk->files = walk->removed = walk->names = 0;
	walk->bytes = 0;
}

/* The directory that is left, as an entry without a name, and why it could not be described. */
static int32_t pack_left(const struct stat *is, int32_t failed, struct space *to)
{
	struct entry head = { .length = sizeof head, .state = (uint32_t)-failed << ERROR_BITS };

	if (to->used + sizeof head > to->room)
		return -ERANGE;
	pack_stat(&head, is);
	memcpy(to->bytes + to->used, &head, sizeof head);
	to->used += sizeof head;
	return 0;
}

/* Looks for the next directory. Returns as copy_names. */
static int32_t copy_folders(struct copying *walk, struct level *level, struct space *to)
{
	const char *name = next_folder(level->list);
	size_t begin = to->used;

	if (name != NULL) {
		walk->names++;
		int32_t done = enter_folder(walk, name);
		if (done == IS_DONE)
			return 0;
		/* It may have another address now. */
		level = &walk->way.levels[walk->way.depth - 1];
		int32_t packed = pack_entry(level->fd, name, 0, to);
		if (packed < 0)
			level->list->next--;
		else if (packed > 0)
			set_state(to, begin, (uint32_t)-done << ERROR_BITS);
		return packed > 0 ? COPY_FOLDER : packed;
	}
	if (walk->way.depth == 1)
		return COPY_ENDED;
	/* Behind all changes in it, because each gives it a new time. */
	struct stat *is = &walk->of[walk->way.depth - 1].is;
	struct change change = change_to(walk, DESCRIBE, is);
	int32_t failed = describe_open(level->beside, &change, "");
	/* Its owner may be in it from now on. */
	if (walk->fresh_depth == walk->way.depth)
		walk->fresh_depth = 0;
	if (failed == 0) {
		leave_copy(walk);
		return 0;
	}
	failed = pack_left(is, failed, to);
	walk->is_leaving = !failed;
	return failed ? failed : COPY_DESCRIBE;
}

/* Goes on until the caller must do something, which this returns, or an error as pack_entry. */
static int32_t copy_on(struct copying *walk, struct space *to)
{
	int32_t what = 0;

	if (walk->is_leaving)
		leave_copy(walk);
	while (!what) {
		struct level *level = &walk->way.levels[walk->way.depth - 1];
		if (fchdir(level->fd) < 0)
			return -errno;
		int32_t failed = pack_copied(walk, to);
		if (failed)
			return failed;
		if (walk->names >= NAMES_AT_ONCE)
			what = COPY_GOES_ON;
		else if (walk->of[walk->way.depth - 1].has_folders_left)
			what = copy_folders(walk, level, to);
		else
			what = copy_names(walk, level, to);
	}
	if (what > 0)
		tell_copied(walk, to, what);
	return what;
}

/* How a walk begins: in the space, and then the name of our directory in the copy, or nothing. */
struct copy_begin {
	int64_t since;
	uint32_t since_ns, has_since, moved, reserved;
};

static void end_copy(struct copying *walk)
{
	if (walk->scratch >= 0)
		close(walk->scratch);
	leave_way(&walk->way);
	free(walk);
}

/* The descriptors stay the caller's. `ours` has NAME_MAX bytes at most. */
static int32_t begin_copy(struct copying *walk, const int fds[3], const struct copy_begin *begin)
{
	struct stat is;
	int fd = openat(fds[0], ".", FOLDER), beside = openat(fds[1], ".", FOLDER);

	walk->scratch = openat(fds[2], ".", FOLDER);
	if (fd < 0 || beside < 0 || walk->scratch < 0 || fstat(beside, &is) < 0) {
		int32_t failed = -errno;
		if (fd >= 0)
			close(fd);
		if (beside >= 0)
			close(beside);
		return failed;
	}
	walk->copy_device = is.st_dev;
	walk->has_since = begin->has_since != 0;
	walk->since = begin->since;
	walk->since_ns = begin->since_ns;
	int32_t failed = enter_copy(walk, fd, beside, NULL);
	if (failed)
		return failed;
	if (fstat(walk->way.levels[0].fd, &walk->of[0].is) < 0)
		return -errno;
	walk->of[0].moved = begin->moved || has_changed_since(walk, &walk->of[0].is);
	return 0;
}
