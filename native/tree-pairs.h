/* The names of a directory beside those of another one, which it changes (tree.c). */
#pragma once
#include "tree-entries.h"

/*
 * The bits of the first entry's `state`: another entry follows, of the same name in the other
 * directory; the file has extended attributes, or they cannot be listed; so has the other one, if
 * it is of the same kind; both hold the same; they do not; it cannot be read.
 */
enum {
	HAS_OTHER = 1,
	IS_MARKED = 2,
	OTHER_MARKED = 4,
	HOLDS_SAME = 8,
	HOLDS_OTHER = 16,
	IS_UNREAD = 32,
	/*
	 * Only in a walk through both (tree-both.h): it went down into the directory; the record is
	 * a run of lone files (tree-lone.h).
	 */
	IS_ENTERED = 64,
	IS_RUN = 128
};

/* Of a name in the working directory. */
static int has_attributes(const char *name)
{
	ssize_t any = llistxattr(name, NULL, 0);
	return any > 0 || (any < 0 && errno != EOPNOTSUPP);
}

/* Reads until there is no room or the file ends. */
static ssize_t read_full(int fd, char *room, size_t bytes)
{
	size_t filled = 0;

	while (filled < bytes) {
		ssize_t some = read(fd, room + filled, bytes - filled);
		if (some < 0)
			return -1;
		if (some == 0)
			break;
		filled += some;
	}
	return filled;
}

static int compare_open(int one, int other)
{
	static char ours[65536], theirs[65536];
	ssize_t bytes;

	do {
		bytes = read_full(one, ours, sizeof ours);
		ssize_t others = read_full(other, theirs, sizeof theirs);
		if (bytes < 0 || others < 0)
			return IS_UNREAD;
		if (bytes != others || memcmp(ours, theirs, bytes))
			return HOLDS_OTHER;
	} while (bytes == sizeof ours);
	return HOLDS_SAME;
}

/* Compares what two regular files of one name hold. 0: the first one is not there any more. */
static int compare_files(int at, int beside, const char *name)
{
	struct stat is;
	int one = open_file(at, name, &is);

	if (one < 0)
		return one == -ENOENT ? 0 : IS_UNREAD;
	int other = open_file(beside, name, &is);
	int found = other < 0 ? IS_UNREAD : compare_open(one, other);
	if (other >= 0)
		close(other);
	close(one);
	return found;
}

/* Two directories; `beside` is -1 if there is only one. `at` is the working directory. */
struct pair_of {
	int at, beside;
	/* Whether the file system of `at` counts the blocks of a file. */
	int counts_blocks;
};

/*
 * Whether attributes may say something about a file. Of a regular file that has all its blocks they
 * do only if the other one holds the same: it is no whiteout, and not without its content.
 */
static int may_matter(const struct pair_of *of, const struct entry *one, int state)
{
	return !S_ISREG(one->mode) || !of->counts_blocks || one->size == 0 ||
	       one->blocks < ((uint64_t)one->size + 511) / 512 || (state & HOLDS_SAME);
}

/* What there is to know about two files of one kind. -ENOENT: the first one is not there any more.
 */
static int compare_kinds(const struct pair_of *of, const char *name, const struct entry *one,
	const struct entry *other)
{
	int found = HAS_OTHER;

	if (S_ISREG(one->mode) && one->size == other->size) {
		int content = one->size ? compare_files(of->at, of->beside, name) : HOLDS_SAME;
		if (!content)
			return -ENOENT;
		found |= content;
	}
	if (!may_matter(of, one, found))
		return found;
	if (fchdir(of->beside) < 0)
		return -errno;
	if (has_attributes(name))
		found |= OTHER_MARKED;
	return fchdir(of->at) < 0 ? -errno : found;
}

/* Packs an entry, and the one beside it, whose name has no path. Returns as pack_entry. */
static int pack_pair(const void *of_both, const char *name, struct space *to)
{
	const struct pair_of *of = of_both;
	struct entry one, other = { 0 };
	size_t begin = to->used, prefix = to->prefix_length;
	int packed = pack_entry(of->at, name, 0, to);

	if (packed <= 0)
		return packed;
	size_t second = to->used;
	memcpy(&one, to->bytes + begin, sizeof one);
	to->prefix_length = 0;
	packed = of->beside < 0 ? 0 : pack_entry(of->beside, name, 0, to);
	to->prefix_length = prefix;
	if (packed > 0)
		memcpy(&other, to->bytes + second, sizeof other);
	if (packed > 0 && !one.error && !other.error &&
		(one.mode & S_IFMT) == (other.mode & S_IFMT))
		packed = compare_kinds(of, name, &one, &other);
	if (packed > 0)
		one.state = packed;
	if (packed < 0) {
		to->used = begin;
		return packed == -ENOENT ? 0 : packed;
	}
	if (!one.error && may_matter(of, &one, one.state) && has_attributes(name))
		one.state |= IS_MARKED;
	memcpy(to->bytes + begin, &one, sizeof one);
	return 1;
}
