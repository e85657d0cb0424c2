/* A walk through a whole tree, each directory before what is in it (tree.c). */
#pragma once
#include "tree-tar.h"
#include "tree-way.h"

/*
 * What a walk is for, besides 0: all entries with what small files hold, or the directories and all
 * that is marked by an attribute. The last two give paths and not names, and of ordinary entries
 * (tree-tar.h) only blocks of a tar, or nothing; and they wait behind each other directory, because
 * the caller may leave it out.
 */
enum { WITH_CONTENTS = 1, MARKED_ONLY = 2, LAYER_CONTENTS = 3, LAYER_MARKS = 4 };

/* Of larger files the caller reads what they hold himself. */
#define LARGEST_CONTENT 65536

/* The bits of an entry's `state`; above them the number of the error of reading it. */
enum { WAS_READ = 1, IS_SAME = 2, IS_LARGE = 4, STATE_BITS = 3 };

struct walk {
	struct way way;
	int32_t purpose;
	/* The large file that was packed last. */
	uint64_t device, inode;
	/* Whether it went down into a directory with the entry that was packed last. */
	int entered;
	/* Where the last run of blocks begins in the space; SIZE_MAX if something else is behind
	 * it. */
	size_t run;
};

static int is_layer(const struct walk *walk)
{
	return walk->purpose == LAYER_CONTENTS || walk->purpose == LAYER_MARKS;
}

#define WALKS 8
static struct walk *walks[WALKS];

static int is_as_packed(int fd, const struct entry *head)
{
	struct stat is;

	return fstat(fd, &is) == 0 && is.st_size == head->size &&
	       is.st_mtim.tv_sec == head->modified && is.st_ctim.tv_sec == head->changed &&
	       (uint32_t)is.st_mtim.tv_nsec == head->modified_ns &&
	       (uint32_t)is.st_ctim.tv_nsec == head->changed_ns;
}

/* Packs what an open file holds, for which there is room. */
static void pack_content(int fd, struct entry *head, struct space *to)
{
	char *bytes = to->bytes + to->used;
	ssize_t some = 1;

	while (head->content < head->size && some > 0) {
		some = read(fd, bytes + head->content, head->size - head->content);
		if (some > 0)
			head->content += some;
	}
	head->state = WAS_READ | (uint32_t)(some < 0 ? errno : 0) << STATE_BITS;
	if (head->content == head->size && is_as_packed(fd, head))
		head->state |= IS_SAME;
	memset(bytes + head->content, 0, ALIGN((size_t)head->content) - head->content);
	to->used += ALIGN((size_t)head->content);
}

/*
 * Packs a regular file, with what it holds if that is little. All of it is about one file, whatever
 * gets its name meanwhile. Returns as pack_entry, and -ESTALE if it is none or cannot be opened.
 */
static int pack_file(int at, const char *name, struct entry *head, struct space *to)
{
	size_t begin = to->used;
	struct stat is;
	int fd = open_file(at, name, &is);

	if (fd < 0)
		return -ESTALE;
	head->name = to->prefix_length + strlen(name);
	pack_stat(head, &is);
	to->used += sizeof *head + head->name;
	int packed =
		to->used > to->room ? -ERANGE : pack_attributes(fd, NULL, to, &head->attributes);
	if (packed == 0 && ALIGN(to->used) > to->room)
		packed = -ERANGE;
	if (packed == 0) {
		put_name(to, begin + sizeof *head, name);
		memset(to->bytes + to->used, 0, ALIGN(to->used) - to->used);
		to->used = ALIGN(to->used);
		if (head->size > LARGEST_CONTENT)
			head->state = IS_LARGE;
		else if (ALIGN((size_t)head->size) > to->room - to->used)
			packed = -ERANGE;
		else
			pack_content(fd, head, to);
	}
	close(fd);
	if (packed)
		to->used = begin;
	return packed ? packed : 1;
}

/*
 * Goes down into a directory that was packed. EXDEV: something is mounted there. ESTALE: another
 * directory has its name now.
 */
static int32_t walk_down(struct walk *walk, int at, const char *name, const struct entry *head)
{
	struct stat above, is;
	int fd = open_below(at, name);

	if (fd < 0)
		return -errno;
	int32_t failed = 0;
	if (fstat(at, &above) < 0)
		failed = -errno;
	else if (fstat(fd, &is) < 0)
		failed = -errno;
	else if (above.st_dev != is.st_dev)
		failed = -EXDEV;
	else if (is.st_dev != head->device || is.st_ino != head->inode)
		failed = -ESTALE;
	if (failed) {
		close(fd);
		return failed;
	}
	failed = go_down_to(&walk->way, fd, name);
	walk->entered = !failed;
	return failed;
}

/* Whether an entry is neither a directory nor marked by an attribute nor an error. */
static int is_unmarked(const struct entry *head)
{
	return !head->error && !head->attributes && !S_ISDIR(head->mode);
}

/*
 * Whether a name needs no further look: it is no directory, and nothing is marked by an attribute.
 * The name is one of a listing, in the working directory.
 */
static int is_plain(const char *name)
{
	int kind = name[-1];

	if (kind == DT_DIR || kind == DT_UNKNOWN)
		return 0;
	ssize_t any = llistxattr(name, NULL, 0);
	return any == 0 || (any < 0 && errno == EOPNOTSUPP);
}

/* Whether what an entry's file holds is in the space, all of it and as it was listed. */
static int is_held(const struct entry *head)
{
	return !S_ISREG(head->mode) || head->size == 0 || head->state == (WAS_READ | IS_SAME);
}

/*
 * Goes on from an entry that is in the space: down into a directory, and an ordinary entry becomes
 * blocks of a tar, or is left out. Returns as walk_entry.
 */
static int go_on(struct walk *walk, int at, const char *name, struct space *to, size_t begin)
{
	struct entry head;
	int is_usual = 0;

	memcpy(&head, to->bytes + begin, sizeof head);
	head.depth = walk->way.depth;
	if (is_layer(walk))
		is_usual = is_ordinary(&head, to->bytes + begin + sizeof head,
				   walk->way.levels[0].device) &&
			   is_held(&head);
	int is_folder = !head.error && S_ISDIR(head.mode);
	/* There must be room for it before the walk goes on. */
	if (is_usual && is_folder && to->room - begin < MOST_HEADERS)
		return to->used = begin, -ERANGE;
	if (is_folder)
		head.error = -walk_down(walk, at, name, &head);
	head.length = to->used - begin;
	memcpy(to->bytes + begin, &head, sizeof head);
	walk->device = head.device;
	walk->inode = head.inode;
	if (is_usual && !head.error && walk->purpose == LAYER_MARKS)
		return to->used = begin, 1;
	if (is_usual && !head.error) {
		int packed = as_tar(to, begin, &walk->run);
		if (packed < 0)
			to->used = begin;
		return packed;
	}
	walk->run = SIZE_MAX;
	return head.state & IS_LARGE || (is_folder && is_layer(walk)) ? 2 : 1;
}

/* Returns as pack_entry; 2 if the caller must look at the entry before the walk goes on. */
static int walk_entry(struct walk *walk, int at, const char *name, struct space *to)
{
	int is_read = walk->purpose == WITH_CONTENTS || walk->purpose == LAYER_CONTENTS;
	int is_marked = walk->purpose == MARKED_ONLY || walk->purpose == LAYER_MARKS;
	size_t begin = to->used;
	struct entry head = { 0 };
	int packed = -ESTALE;

	if (is_marked && is_plain(name))
		return 1;
	if (is_read && name[-1] == DT_REG)
		packed = pack_file(at, name, &head, to);
	if (packed == -ESTALE) {
		packed = pack_entry(at, name, 1, to);
		if (packed > 0)
			memcpy(&head, to->bytes + begin, sizeof head);
		if (packed > 0 && !head.error && S_ISREG(head.mode) && head.size)
			head.state = IS_LARGE;
	}
	if (packed <= 0)
		return packed;
	if (is_marked && is_unmarked(&head)) {
		to->used = begin;
		return 1;
	}
	memcpy(to->bytes + begin, &head, sizeof head);
	return go_on(walk, at, name, to, begin);
}

/* Leaves the last level. Returns what reopen_level does. */
static int32_t walk_up(struct walk *walk)
{
	struct level *level = &walk->way.levels[walk->way.depth - 1];
	int32_t lost = reopen_level(level - 1, level->fd);

	if (lost)
		return lost;
	close_level(level);
	walk->way.depth--;
	return 0;
}

/* Gives the next entries, as many as there is room for. Returns as walk_entry; 0 at the end. */
static int walk_on(struct walk *walk, struct space *to)
{
	struct way *way = &walk->way;
	size_t begin = to->used;
	/* The level that is the working directory. */
	size_t here = 0;

	walk->run = SIZE_MAX;
	for (;;) {
		struct level *level = &way->levels[way->depth - 1];
		struct listing *list = level->list;
		if (list->next == list->count) {
			if (way->depth == 1)
				return 0;
			int32_t lost = walk_up(walk);
			if (lost)
				return to->used > begin ? 1 : lost;
			continue;
		}
		if (here != way->depth && fchdir(level->fd) < 0)
			return -errno;
		here = way->depth;
		if (is_layer(walk))
			pack_paths(to, way);
		walk->entered = 0;
		int packed = walk_entry(walk, level->fd, list->names + list->at[list->next], to);
		if (packed == -ERANGE && to->used > begin)
			return 1;
		if (packed < 0)
			return packed;
		/* It may have another address now, and the one below another number of names. */
		way->levels[here - 1].list->next++;
		if (way->depth > here)
			here = 0;
		if (packed == 2)
			return 1;
	}
}
