/* A walk through a whole tree, each directory before what is in it (tree.c). */
#pragma once
#include "tree-way.h"

/* What a walk is for, besides 0: all entries with what small files hold, or as tree_list means it.
 */
enum { WITH_CONTENTS = 1, MARKED_ONLY = 2 };

/* Of larger files the caller reads what they hold himself. */
#define LARGEST_CONTENT 65536

/* The bits of an entry's `state`; above them the number of the error of reading it. */
enum { WAS_READ = 1, IS_SAME = 2, IS_LARGE = 4, STATE_BITS = 3 };

struct walk {
	struct way way;
	int32_t purpose;
	/* The large file that was packed last. */
	uint64_t device, inode;
};

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
	head->name = strlen(name);
	pack_stat(head, &is);
	to->used += sizeof *head + head->name;
	int packed =
		to->used > to->room ? -ERANGE : pack_attributes(fd, NULL, to, &head->attributes);
	if (packed == 0 && ALIGN(to->used) > to->room)
		packed = -ERANGE;
	if (packed == 0) {
		memcpy(to->bytes + begin + sizeof *head, name, head->name);
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
	int32_t failed = fstat(at, &above) < 0 || fstat(fd, &is) < 0 ? -errno : 0;
	if (!failed && above.st_dev != is.st_dev)
		failed = -EXDEV;
	if (!failed && (is.st_dev != head->device || is.st_ino != head->inode))
		failed = -ESTALE;
	if (failed) {
		close(fd);
		return failed;
	}
	return go_down(&walk->way, fd);
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

/* Returns as pack_entry; 2 if the caller must look at the entry before the walk goes on. */
static int walk_entry(struct walk *walk, int at, const char *name, struct space *to)
{
	size_t begin = to->used;
	struct entry head = { 0 };
	int packed = -ESTALE;

	if (walk->purpose == MARKED_ONLY && is_plain(name))
		return 1;
	if (walk->purpose == WITH_CONTENTS && name[-1] == DT_REG)
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
	head.depth = walk->way.depth;
	if (walk->purpose == MARKED_ONLY && is_unmarked(&head)) {
		to->used = begin;
		return 1;
	}
	if (!head.error && S_ISDIR(head.mode))
		head.error = -walk_down(walk, at, name, &head);
	head.length = to->used - begin;
	memcpy(to->bytes + begin, &head, sizeof head);
	walk->device = head.device;
	walk->inode = head.inode;
	return head.state & IS_LARGE ? 2 : 1;
}

/* Gives the next entries, as many as there is room for. Returns as walk_entry; 0 at the end. */
static int walk_on(struct walk *walk, struct space *to)
{
	struct way *way = &walk->way;
	size_t begin = to->used;
	/* The level that is the working directory. */
	size_t here = 0;

	for (;;) {
		struct level *level = &way->levels[way->depth - 1];
		struct listing *list = level->list;
		if (list->next == list->count) {
			if (way->depth == 1)
				return 0;
			int32_t lost = reopen_level(level - 1, level->fd);
			if (lost)
				return to->used > begin ? 1 : lost;
			close_level(level);
			way->depth--;
			continue;
		}
		if (here != way->depth && fchdir(level->fd) < 0)
			return -errno;
		here = way->depth;
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
