/*
 * Runs of lone files: those that only the first one of two directories has, without a mark, and
 * with one name. Most changes of a layer are such (tree-both.h), and one record tells of many.
 */
#pragma once
#include "tree-pairs.h"

#define RUN_FILES 512
#define RUN_NAMES 8192

struct run {
	uint32_t count, length;
	uint64_t size, blocks;
	/* The size of each file, and the bytes that it takes. */
	double numbers[2 * RUN_FILES];
	/* The names, with slashes between them. */
	char names[RUN_NAMES];
};

static int is_lone(const struct entry *one, const char *name)
{
	return !one->error && !one->state && S_ISREG(one->mode) && one->links == 1 && *name != '.';
}

static size_t run_bytes(const struct space *to, uint32_t count, size_t length)
{
	return ALIGN(sizeof(struct entry) + to->prefix_length + length) +
	       2 * count * sizeof(double);
}

/* What the files of a run need in the space when the run ends. */
static size_t kept_for(const struct run *run, const struct space *to)
{
	return run->count ? run_bytes(to, run->count, run->length) : 0;
}

/*
 * Ends a run in front of what begins at `at` in the space, where room was kept. It is a record with
 * only a state: so many files (`links`), their sum (`size`, `blocks`), the directory, the names in
 * the place of a symlink's target, and then the numbers. Returns its length.
 */
static size_t end_run(struct run *run, struct space *to, size_t at)
{
	size_t bytes = kept_for(run, to), folder = to->prefix_length;
	struct entry head = {
		.length = bytes,
		.links = run->count,
		.size = run->size,
		.blocks = run->blocks,
		.name = folder,
		.target = run->length,
		.state = IS_RUN,
	};
	char *record = to->bytes + at, *names = record + sizeof head + folder;

	if (!run->count)
		return 0;
	size_t numbers = 2 * run->count * sizeof(double);
	memmove(record + bytes, record, to->used - at);
	memcpy(record, &head, sizeof head);
	if (folder)
		memcpy(record + sizeof head, to->prefix, folder);
	memcpy(names, run->names, run->length);
	memset(names + run->length, 0, record + bytes - numbers - (names + run->length));
	memcpy(record + bytes - numbers, run->numbers, numbers);
	to->used += bytes;
	run->count = run->length = run->size = run->blocks = 0;
	return bytes;
}

/* Adds a lone file to a run. Returns 1, or -ERANGE if there is no room. */
static int run_on(struct run *run, struct space *to, const struct entry *one, const char *name)
{
	size_t length = strlen(name) + 1;

	if (run->count == RUN_FILES || run->length + length > RUN_NAMES)
		end_run(run, to, to->used);
	/* Between the names, so the last one has none. */
	size_t after = run->length + length - (run->count == 0);
	if (to->used + run_bytes(to, run->count + 1, after) > to->room)
		return -ERANGE;
	if (run->count)
		run->names[run->length] = '/';
	memcpy(run->names + after - (length - 1), name, length - 1);
	run->length = after;
	run->numbers[2 * run->count] = one->size;
	run->numbers[2 * run->count + 1] = (double)one->blocks * 512;
	run->size += one->size;
	run->blocks += one->blocks;
	run->count++;
	return 1;
}
