/*
 * Trees by descriptor. Every directory is opened below the descriptor of the one above it, without
 * following a symlink, so nobody can lead a walk elsewhere by changing names meanwhile. One call
 * returns many entries, or makes many changes, because a call through FFI costs more than most
 * system calls.
 *
 * src/system/tree-records.ts packs and unpacks the records; both sides have this machine's byte
 * order. Functions return -errno, or 0, or a positive result. They are for one thread.
 */
#include "tree-entries.h"
#include "tree-both.h"
#include "tree-build.h"
#include "tree-copy.h"
#include "tree-import.h"
#include "tree-pairs.h"
#include "tree-walk.h"

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
	struct space to = { .bytes = shared, .room = shared_room };

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

/* How the names of a listing are packed: `how` is for `pack`, which returns as pack_entry. */
struct giving {
	int (*pack)(const void *how, const char *name, struct space *to);
	const void *how;
	/* The directory to be in meanwhile; -1 if it does not matter. */
	int within;
};

/*
 * Gives the next entries of a listing, as many as there is room for. Returns bytes; -ERANGE if
 * there is no room for the next one. The listing ends itself.
 */
static int32_t give(int32_t number, const struct giving *giving)
{
	struct space to = { .bytes = shared, .room = shared_room, .used = HEAD };

	if (number < 0 || (size_t)number >= listing_room || listings[number] == NULL)
		return -EBADF;
	memset(shared, 0, HEAD);
	memcpy(shared, &number, sizeof number);
	struct listing *list = listings[number];
	int back = giving->within >= 0 ? go_into(giving->within) : -1;
	if (giving->within >= 0 && back < 0)
		return -errno;
	int packed = 0;
	while (list->next < list->count) {
		packed = giving->pack(giving->how, list->names + list->at[list->next], &to);
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

/* Reads the names of a directory, and gives the first of them. */
static int32_t give_first(int32_t fd, const struct giving *giving)
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
	if (read_names(list, fd) < 0) {
		int32_t failed = -errno;
		free_listing(list);
		return failed;
	}
	listings[number] = list;
	int32_t bytes = give(number, giving);
	if (bytes < 0 && bytes != -ERANGE)
		tree_end(number);
	return bytes;
}

struct listed {
	int fd, attributes;
};

static int pack_listed(const void *how, const char *name, struct space *to)
{
	const struct listed *of = how;
	return pack_entry(of->fd, name, of->attributes, to);
}

/*
 * Gives the next entries of a listing. `fd` is the directory, which may have been closed and opened
 * again since.
 */
EXPORT int32_t tree_next(int32_t number, int32_t fd, int32_t attributes)
{
	struct listed of = { fd, attributes };
	return give(number, &(struct giving){ pack_listed, &of, attributes ? fd : -1 });
}

/* Reads the names of a directory, and gives the first entries as tree_next does. */
EXPORT int32_t tree_list(int32_t fd, int32_t attributes)
{
	struct listed of = { fd, attributes };
	return give_first(fd, &(struct giving){ pack_listed, &of, attributes ? fd : -1 });
}

/* Gives the next pairs of a listing (tree-pairs.h); `beside` is -1 if there is no other directory.
 */
EXPORT int32_t tree_next_pairs(int32_t number, int32_t fd, int32_t beside)
{
	struct pair_of of = { .at = fd, .beside = beside };
	return give(number, &(struct giving){ pack_pair, &of, fd });
}

/* Reads the names of a directory, and gives the first pairs as tree_next_pairs does. */
EXPORT int32_t tree_pairs(int32_t fd, int32_t beside)
{
	struct pair_of of = { .at = fd, .beside = beside };
	return give_first(fd, &(struct giving){ pack_pair, &of, fd });
}

/*
 * The entry of the name in the space, or the directory itself if it is empty. Returns bytes; 0 if
 * there is no such name; -ERANGE if there is no room, and the space is as it was.
 */
EXPORT int32_t tree_entry(int32_t fd, int32_t attributes)
{
	struct space to = { .bytes = shared, .room = shared_room };
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

/* Begins a walk below a directory. Returns its number. */
EXPORT int32_t tree_walk(int32_t fd, int32_t purpose)
{
	int number = 0;

	while (number < WALKS && walks[number] != NULL)
		number++;
	if (number == WALKS)
		return -EMFILE;
	int top = openat(fd, ".", FOLDER);
	if (top < 0)
		return -errno;
	struct walk *walk = calloc(1, sizeof *walk);
	int32_t failed = walk == NULL ? -ENOMEM : go_down(&walk->way, top);
	if (walk == NULL)
		close(top);
	if (failed) {
		if (walk != NULL)
			leave_way(&walk->way);
		free(walk);
		return failed;
	}
	walk->purpose = purpose;
	walks[number] = walk;
	return number;
}

static struct walk *walk_of(int32_t number)
{
	return number < 0 || number >= WALKS ? NULL : walks[number];
}

/*
 * Gives the next entries of a walk, as many as there is room for. Returns bytes; 0 after the last
 * one; -ERANGE if there is no room for the next one.
 */
EXPORT int32_t tree_walk_next(int32_t number)
{
	struct space to = { .bytes = shared, .room = shared_room };
	struct walk *walk = walk_of(number);

	if (walk == NULL)
		return -EBADF;
	int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (back < 0)
		return -errno;
	int32_t failed = walk_on(walk, &to);
	go_back(back);
	return failed < 0 ? failed : (int32_t)to.used;
}

/* Opens the large file that is the last entry which the walk gave. */
EXPORT int32_t tree_walk_open(int32_t number)
{
	struct walk *walk = walk_of(number);

	if (walk == NULL)
		return -EBADF;
	struct level *level = &walk->way.levels[walk->way.depth - 1];
	if (level->list->next == 0)
		return -EINVAL;
	const char *name = level->list->names + level->list->at[level->list->next - 1];
	return open_listed(level->fd, name, walk->device, walk->inode);
}

EXPORT int32_t tree_walk_end(int32_t number)
{
	struct walk *walk = walk_of(number);

	if (walk == NULL)
		return -EBADF;
	leave_way(&walk->way);
	free(walk);
	walks[number] = NULL;
	return 0;
}

/*
 * Leaves out what is below the directory that is the last entry which the walk gave. EINVAL: it is
 * none, or the walk is not in it.
 */
EXPORT int32_t tree_walk_leave(int32_t number)
{
	struct walk *walk = walk_of(number);

	if (walk == NULL)
		return -EBADF;
	if (!walk->entered || walk->way.depth == 1)
		return -EINVAL;
	walk->entered = 0;
	return walk_up(walk);
}

/*
 * Begins a walk below a directory and the one that it changes; `beside` is -1 if there is none. The
 * descriptors stay the caller's. Returns its number.
 */
EXPORT int32_t tree_both(int32_t fd, int32_t beside, int32_t counts_blocks)
{
	int number = 0;

	while (number < BOTHS && boths[number] != NULL)
		number++;
	if (number == BOTHS)
		return -EMFILE;
	struct both *walk = calloc(1, sizeof *walk);
	if (walk == NULL)
		return -ENOMEM;
	int top = openat(fd, ".", FOLDER);
	int other = top < 0 || beside < 0 ? -1 : openat(beside, ".", FOLDER);
	int32_t failed = top < 0 || (beside >= 0 && other < 0) ? -errno : 0;
	if (failed && top >= 0)
		close(top);
	if (!failed)
		failed = go_down(&walk->way, top);
	if (failed) {
		if (other >= 0)
			close(other);
		leave_way(&walk->way);
		free(walk);
		return failed;
	}
	struct level *level = &walk->way.levels[0];
	struct stat is = { 0 };
	level->beside = other;
	if (other >= 0 && fstat(other, &is) < 0)
		is.st_dev = 0;
	walk->device = level->device;
	walk->other_device = is.st_dev;
	walk->counts_blocks = counts_blocks;
	list_beside(level);
	boths[number] = walk;
	return number;
}

static struct both *both_of(int32_t number)
{
	return number < 0 || number >= BOTHS ? NULL : boths[number];
}

/*
 * Gives the next pairs of a walk, as many as there is room for in so many bytes of the space, but
 * one at least. Returns bytes; 0 after the last one; -ERANGE if there is no room for the next one.
 */
EXPORT int32_t tree_both_next(int32_t number, uint32_t most)
{
	struct space to = { .bytes = shared, .room = most < shared_room ? most : shared_room };
	struct both *walk = both_of(number);

	if (walk == NULL)
		return -EBADF;
	int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (back < 0)
		return -errno;
	int32_t failed = both_on(walk, &to);
	if (failed == -ERANGE && to.room < shared_room) {
		to.room = shared_room;
		failed = both_on(walk, &to);
	}
	go_back(back);
	return failed < 0 ? failed : (int32_t)to.used;
}

/*
 * The descriptor of the directory with the last pair that the walk gave, for which it waits. It
 * stays the walk's.
 */
EXPORT int32_t tree_both_folder(int32_t number)
{
	struct both *walk = both_of(number);

	return walk == NULL ? -EBADF : walk->way.levels[walk->way.depth - 1].fd;
}

EXPORT int32_t tree_both_end(int32_t number)
{
	struct both *walk = both_of(number);

	if (walk == NULL)
		return -EBADF;
	leave_way(&walk->way);
	free(walk);
	boths[number] = NULL;
	return 0;
}

/*
 * Begins a walk through a directory and its copy (tree-copy.h), which makes new files in `scratch`
 * before they get their names. In the space is a `struct copy_begin` and the name of a directory at
 * the top of the copy that stays. The descriptors stay the caller's. Returns its number; EMFILE:
 * too many walks are going on.
 */
EXPORT int32_t tree_copy(int32_t fd, int32_t beside, int32_t scratch)
{
	struct copy_begin begin;
	const char *ours = shared + sizeof begin;
	int number = 0;

	while (number < COPIES && copies[number] != NULL)
		number++;
	if (number == COPIES)
		return -EMFILE;
	if (shared_room < sizeof begin + NAME_MAX + 1 || strnlen(ours, NAME_MAX + 1) > NAME_MAX)
		return -ENAMETOOLONG;
	struct copying *walk = calloc(1, sizeof *walk);
	if (walk == NULL)
		return -ENOMEM;
	memcpy(&begin, shared, sizeof begin);
	strcpy(walk->ours, ours);
	int32_t failed = begin_copy(walk, (const int[]){ fd, beside, scratch }, &begin);
	if (failed) {
		end_copy(walk);
		return failed;
	}
	copies[number] = walk;
	return number;
}

static struct copying *copy_of(int32_t number)
{
	return number < 0 || number >= COPIES ? NULL : copies[number];
}

/*
 * Goes on until the caller must do something: a `struct copied` and records are in the space.
 * Returns bytes; -ERANGE if there is no room for the next record.
 */
EXPORT int32_t tree_copy_next(int32_t number)
{
	struct space to = { .bytes = shared, .room = shared_room };
	struct copying *walk = copy_of(number);

	if (walk == NULL)
		return -EBADF;
	int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (back < 0)
		return -errno;
	int32_t what = copy_on(walk, &to);
	go_back(back);
	return what < 0 ? what : (int32_t)to.used;
}

EXPORT int32_t tree_copy_end(int32_t number)
{
	struct copying *walk = copy_of(number);

	if (walk == NULL)
		return -EBADF;
	end_copy(walk);
	copies[number] = NULL;
	return 0;
}

/* Nothing more can be made after one of these. */
static int is_full(int32_t failed)
{
	return failed == -ENOSPC || failed == -EDQUOT || failed == -EROFS;
}

static int32_t apply(struct reached *last, const struct change *change, const char *name)
{
	const char *source = name + change->name + 1;

	if (change->scratch < 0)
		return build(last, change, name, source);
	if (change->what == DESCRIBE)
		return describe_open(change->at, change, source + change->source + 1);
	if (!is_component(name))
		return -EINVAL;
	return change->what == REMOVE ? remove_tree(change->at, name) : put(change, name, source);
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
	struct reached last = { .fd = -1 };
	int32_t made = 0, full = 0;
	uint32_t results = ALIGN(bytes);

	for (uint32_t at = 0; at + sizeof(struct change) <= bytes; made++) {
		struct change change;
		memcpy(&change, shared + at, sizeof change);
		if (change.length < sizeof change || change.length > bytes - at ||
			!is_whole(&change, shared + at) ||
			results + 4 * ((uint64_t)made + 1) > shared_room) {
			leave_reached(&last);
			return -EINVAL;
		}
		int32_t done =
			full ? -ECANCELED : apply(&last, &change, shared + at + sizeof change);
		full |= is_full(done);
		memcpy(shared + results + 4 * made, &done, sizeof done);
		at += change.length;
	}
	leave_reached(&last);
	return made;
}
