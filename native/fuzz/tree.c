/*
 * Fuzzes the records of native/tree.c: the input is what a caller hands to tree_apply, with
 * descriptors of three directories of this program in the place of its own. What it made is then
 * listed, into spaces of many sizes.
 */
#include "../tree.c"
#include "fuzz.h"

static int folders[3], here;
/* In memory, if there is such a place. */
static char places[][32] = { "/dev/shm/fuzz-tree-XXXXXX", "/tmp/fuzz-tree-XXXXXX" };
static char *top;

static char space[70000];

static void remove_top(void)
{
	tree_share(space, sizeof space);
	for (int at = 0; at < 3; at++)
		remove_tree(here, (const char[]){ 'a' + at, 0 });
	rmdir(top);
}

/* Opens three new directories. Those with the files of many inputs take long to list. */
static void new_folders(void)
{
	tree_share(space, sizeof space);
	for (int at = 0; at < 3; at++) {
		const char name[] = { 'a' + at, 0 };
		if (folders[at] > 0)
			close(folders[at]);
		remove_tree(here, name);
		if (mkdir(name, 0700) < 0 || (strcpy(shared, name), folders[at] = tree_open(0)) < 0)
			exit(2);
	}
}

static void fuzz_begin(void)
{
	struct {
		struct change change;
		char rest[64];
	} seed = { .change = { .length = sizeof seed, .name = 1, .source = 1, .attributes = 24 } };

	top = mkdtemp(places[0]) != NULL ? places[0] : mkdtemp(places[1]);
	if (top == NULL || atexit(remove_top) || chdir(top) < 0 ||
		(here = open(".", O_RDONLY | O_DIRECTORY)) < 0)
		exit(2);
	new_folders();
	for (seed.change.what = PUT_FILE; seed.change.what <= PUT_DATA; seed.change.what++) {
		struct attribute head = { .name = 6, .value = 2 };
		memcpy(seed.rest, "f\0t", 4);
		memcpy(seed.rest + 4, &head, sizeof head);
		memcpy(seed.rest + 4 + sizeof head, "user.xok", 8);
		seed.change.mode = seed.change.what == PUT_NODE ? S_IFIFO | 0600 : 0600;
		seed.change.scratch = 0;
		add_seed(&seed, sizeof seed);
		seed.change.scratch = -1;
		add_seed(&seed, sizeof seed);
		/* Ordinary ones, which a walk through a layer makes blocks of a tar of. */
		seed.change.attributes = 0;
		add_seed(&seed, sizeof seed);
		seed.change.modified_ns = 120000000;
		add_seed(&seed, sizeof seed);
		seed.change.attributes = 24;
		seed.change.modified_ns = 0;
	}
}

/* Gives the records our own descriptors. */
static void claim(uint8_t *bytes, size_t length)
{
	for (size_t at = 0; at + sizeof(struct change) <= length;) {
		struct change change;
		memcpy(&change, bytes + at, sizeof change);
		change.at = folders[(uint32_t)change.at % 3];
		change.from = folders[(uint32_t)change.from % 3];
		change.scratch = change.scratch < 0 ? -1 : folders[2];
		change.node_major = change.node_minor = 0;
		memcpy(bytes + at, &change, sizeof change);
		if (change.length < sizeof change || change.length > length - at)
			break;
		at += change.length;
	}
}

static void list_all(int fd)
{
	static char room[70000];

	for (uint32_t size = 64; size < sizeof room; size = size * 3 + 5) {
		tree_share(room, size);
		int32_t bytes = tree_list(fd, 1), list;
		memcpy(&list, room, sizeof list);
		if (bytes > (int32_t)size)
			fail("tree_list wrote more than there was room for");
		if ((bytes >= 0 || bytes == -ERANGE) && list >= 0)
			tree_end(list);
	}
}

/* Lists one directory beside another, into spaces of changing sizes. */
static void pair_all(int fd, int beside)
{
	static char room[70000];
	int32_t list = -1, bytes = -ERANGE;

	for (uint32_t size = 64; bytes == -ERANGE || (bytes > 0 && list >= 0);
		size = size > 20000 ? 300 : size * 3 + 5) {
		tree_share(room, size);
		bytes = list < 0 ? tree_pairs(fd, beside) : tree_next_pairs(list, fd, beside);
		if (bytes > (int32_t)size)
			fail("tree_pairs wrote more than there was room for");
		if (bytes >= 0 || bytes == -ERANGE)
			memcpy(&list, room, sizeof list);
	}
	if (list >= 0)
		tree_end(list);
}

/* Reads the head of a record, which must be within the bytes that are left. */
static void read_head(const char *record, int32_t left, struct entry *head)
{
	memcpy(head, record, sizeof *head);
	if (head->length < sizeof *head || head->length > (uint32_t)left)
		fail("a record of a walk has another length");
}

/* The records fill the space, and runs of blocks are whole and have valid checksums. */
static void check_records(const char *room, int32_t bytes)
{
	struct entry head;

	for (int32_t at = 0; at < bytes; at += head.length) {
		read_head(room + at, bytes - at, &head);
		if (head.error || head.mode)
			continue;
		if (!head.links || head.content % TAR_BLOCK ||
			head.content + sizeof head != head.length)
			fail("a run of blocks has another length");
		const char *block = room + at + sizeof head;
		unsigned sum = 8 * ' ';
		for (int place = 0; place < TAR_BLOCK; place++)
			if (place < 148 || place >= 156)
				sum += (unsigned char)block[place];
		if (strtoul(block + 148, NULL, 8) != sum)
			fail("a header has another checksum");
	}
}

/* Walks through all there is, in spaces of changing sizes. */
static void walk_all(int fd, int purpose)
{
	static char room[150000];
	int32_t walk = tree_walk(fd, purpose), bytes = -ERANGE;

	for (uint32_t size = 64; walk >= 0 && (bytes > 0 || bytes == -ERANGE);
		size = size > 70000 ? 120 : size * 3 + 5) {
		tree_share(room, size);
		bytes = tree_walk_next(walk);
		if (bytes > (int32_t)size)
			fail("tree_walk_next wrote more than there was room for");
		check_records(room, bytes);
		if (size % 7 == 0)
			tree_walk_leave(walk);
		int32_t opened = bytes > 0 ? tree_walk_open(walk) : -1;
		if (opened >= 0)
			close(opened);
	}
	if (walk >= 0)
		tree_walk_end(walk);
}

/* The pairs fill the space, and runs of lone files have as many names as they say. */
static void check_pairs(const char *room, int32_t bytes)
{
	struct entry head;

	for (int32_t at = 0; at < bytes; at += head.length) {
		read_head(room + at, bytes - at, &head);
		if (head.state != IS_RUN)
			continue;
		const char *names = room + at + sizeof head + head.name;
		size_t text = ALIGN(sizeof head + head.name + head.target);
		uint32_t count = 1;
		for (uint32_t place = 0; place < head.target; place++)
			count += names[place] == '/';
		if (count != head.links || !head.target ||
			text + 2 * sizeof(double) * count != head.length)
			fail("a run of lone files has another length");
	}
}

/* Walks through two directories beside each other, in spaces of changing sizes. */
static void both_all(int fd, int beside, int counts_blocks)
{
	static char room[70000];
	int32_t walk = tree_both(fd, beside, counts_blocks), bytes = -ERANGE;

	for (uint32_t size = 64; walk >= 0 && (bytes > 0 || bytes == -ERANGE);
		size = size > 20000 ? 300 : size * 3 + 5) {
		tree_share(room, size);
		bytes = tree_both_next(walk, size % 5 == 0 ? 200 : size);
		if (bytes > (int32_t)size)
			fail("tree_both_next wrote more than there was room for");
		check_pairs(room, bytes);
		if (bytes > 0 && tree_both_folder(walk) < 0)
			fail("a walk through two trees is nowhere");
		if (bytes > 0 && size % 11 == 0)
			break;
	}
	if (walk >= 0)
		tree_both_end(walk);
}

/* Copies one directory to another, in spaces of changing sizes, and gives up now and then. */
static void copy_all(int from, int to, int scratch, int64_t since)
{
	static char room[150000];
	struct copy_begin begin = { .since = since, .has_since = since != 0 };
	struct copied head;
	int32_t bytes = -ERANGE;

	tree_share(room, sizeof room);
	memcpy(room, &begin, sizeof begin);
	strcpy(room + sizeof begin, "t");
	int32_t walk = tree_copy(from, to, scratch);
	for (uint32_t size = 64; walk >= 0 && (bytes > 0 || bytes == -ERANGE);
		size = size > 70000 ? 120 : size * 3 + 5) {
		tree_share(room, size);
		bytes = tree_copy_next(walk);
		if (bytes > (int32_t)size)
			fail("tree_copy_next wrote more than there was room for");
		if (bytes <= 0)
			continue;
		memcpy(&head, room, sizeof head);
		size_t at = ALIGN(sizeof head + head.path);
		check_records(room + at, bytes - at);
		if (head.what == COPY_ENDED || size % 13 == 0)
			break;
		if (head.from < 0 || head.to < 0 || head.what > COPY_DESCRIBE)
			fail("a walk through a tree and its copy is nowhere");
	}
	if (walk >= 0)
		tree_copy_end(walk);
}

static void fuzz_one(const uint8_t *bytes, size_t length)
{
	static int inputs;

	if (++inputs % 16 == 0)
		new_folders();
	memcpy(space, bytes, length);
	claim((uint8_t *)space, length);
	tree_share(space, sizeof space);
	tree_apply(length);
	for (int at = 0; at < 3; at++)
		list_all(folders[at]);
	for (int at = 0; at < 3; at++) {
		walk_all(folders[at], at);
		walk_all(folders[at], LAYER_CONTENTS);
		walk_all(folders[at], LAYER_MARKS);
		pair_all(folders[at], at == 2 ? -1 : folders[at + 1]);
		both_all(folders[at], at == 2 ? -1 : folders[at + 1], at);
	}
	/* It writes much more than the rest. */
	if (inputs % 8 == 0)
		copy_all(folders[0], folders[1], folders[2], inputs % 16 == 0 ? INT64_MAX : 0);
}
