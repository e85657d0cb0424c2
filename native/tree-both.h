/* A walk through a tree and the one that it changes, beside each other (tree.c). */
#pragma once
#include "tree-lone.h"
#include "tree-way.h"

struct both {
	struct way way;
	int counts_blocks;
	uint64_t device, other_device;
	/* Of the last level; none between two calls. */
	struct run run;
};

#define BOTHS 8
static struct both *boths[BOTHS];

/* With fewer names it takes longer to list the other directory than to look for each. */
#define WORTH_LISTING 16
/* Bytes of a directory for each name that is looked for. */
#define WORTH_READING 256

/* Lists the other directory, if that helps and can be done. */
static void list_beside(struct level *level)
{
	struct stat is;

	if (level->beside < 0 || level->list->count < WORTH_LISTING ||
		fstat(level->beside, &is) < 0 ||
		(uint64_t)is.st_size / WORTH_READING > level->list->count)
		return;
	struct listing *below = calloc(1, sizeof *below);
	if (below != NULL && read_names(below, level->beside) < 0) {
		free_listing(below);
		below = NULL;
	}
	level->below = below;
}

/* Whether the other directory may have the name. Names are asked for in their order. */
static int may_be_beside(struct level *level, const char *name)
{
	struct listing *below = level->below;
	int order = -1;

	if (level->beside < 0 || below == NULL)
		return level->beside >= 0;
	while (below->next < below->count &&
		(order = strcmp(below->names + below->at[below->next], name)) < 0)
		below->next++;
	return below->next < below->count && order == 0;
}

/*
 * Goes down into a directory that was packed, and into the one beside it, if nobody needs to decide
 * how. Returns whether it did. A name with a dot at the top may be ours.
 */
static int both_down(
	struct both *walk, const char *name, const struct entry *one, const struct entry *other)
{
	struct level *level = &walk->way.levels[walk->way.depth - 1];
	int is_beside = S_ISDIR(other->mode) && other->device == walk->other_device;

	if ((one->state & IS_MARKED) || other->error || one->device != walk->device ||
		walk->way.depth >= KEPT_OPEN || (walk->way.depth == 1 && *name == '.'))
		return 0;
	int fd = open_below(level->fd, name);
	int beside = is_beside && fd >= 0 ? open_below(level->beside, name) : -1;
	int is_right = fd >= 0 && is_packed(fd, one) &&
		       (!is_beside || (beside >= 0 && is_packed(beside, other)));
	if (is_right && go_down_to(&walk->way, fd, name) == 0) {
		level = &walk->way.levels[walk->way.depth - 1];
		level->beside = beside;
		list_beside(level);
		return 1;
	}
	if (!is_right && fd >= 0)
		close(fd);
	if (beside >= 0)
		close(beside);
	return 0;
}

/* Returns as pack_entry; 2 if the caller must look at the pair before the walk goes on. */
static int both_entry(struct both *walk, const char *name, struct space *to)
{
	struct level *level = &walk->way.levels[walk->way.depth - 1];
	struct pair_of of = { level->fd, may_be_beside(level, name) ? level->beside : -1,
		walk->counts_blocks };
	size_t begin = to->used;
	struct entry one, other = { 0 };

	pack_paths(to, &walk->way);
	size_t kept = kept_for(&walk->run, to);
	to->room -= kept;
	int packed = pack_pair(&of, name, to);
	to->room += kept;
	if (packed <= 0)
		return packed;
	memcpy(&one, to->bytes + begin, sizeof one);
	if (is_lone(&one, name)) {
		to->used = begin;
		return run_on(&walk->run, to, &one, name);
	}
	begin += end_run(&walk->run, to, begin);
	if (one.state & HAS_OTHER)
		memcpy(&other, to->bytes + begin + one.length, sizeof other);
	int is_folder = !one.error && S_ISDIR(one.mode);
	if (is_folder && both_down(walk, name, &one, &other))
		one.state |= IS_ENTERED;
	memcpy(to->bytes + begin, &one, sizeof one);
	return (one.state & IS_MARKED) || (is_folder && !(one.state & IS_ENTERED)) ? 2 : 1;
}

/* Leaves the last level, if it is not the only one. Returns whether it did. */
static int both_up(struct both *walk, struct space *to)
{
	struct way *way = &walk->way;

	end_run(&walk->run, to, to->used);
	if (way->depth == 1)
		return 0;
	close_level(&way->levels[--way->depth]);
	return 1;
}

/* Gives the next pairs, as many as there is room for. Returns as both_entry; 0 at the end. */
static int both_on(struct both *walk, struct space *to)
{
	struct way *way = &walk->way;
	size_t begin = to->used;
	/* The level that is the working directory. */
	size_t here = 0;

	for (;;) {
		struct level *level = &way->levels[way->depth - 1];
		struct listing *list = level->list;
		if (list->next == list->count) {
			if (!both_up(walk, to))
				return 0;
			continue;
		}
		int packed = here != way->depth && fchdir(level->fd) < 0 ? -errno : 0;
		here = way->depth;
		if (packed == 0)
			packed = both_entry(walk, list->names + list->at[list->next], to);
		if (packed < 0) {
			end_run(&walk->run, to, to->used);
			/* What is there is told first: the next call fails in the same way. */
			return to->used > begin ? 1 : packed;
		}
		way->levels[here - 1].list->next++;
		if (way->depth > here)
			here = 0;
		if (packed == 2)
			return 1;
	}
}
