/*
 * Fuzzes the reading of archives (native/tree-import.h). The input is a tar that is checked, and
 * then made below a directory of this program, in windows of several sizes. Each time it must have
 * the same ordinary entries, and nothing may be made anywhere else.
 */
#include "../tree.c"
#include "fuzz.h"

#define WINDOW (TAR_AT + 8192)

/* In memory, if there is such a place. */
static char places[][32] = { "/dev/shm/fuzz-import-XXXXXX", "/tmp/fuzz-import-XXXXXX" };
static char *top;
static int here, made;
static char space[70000];

static void remove_top(void)
{
	tree_share(space, sizeof space);
	remove_tree(here, "made");
	rmdir(top);
}

/* A header and what its file holds. Returns bytes. */
static size_t put_member(char *to, const struct header *header, const char *content)
{
	put_header(to, header);
	memset(to + TAR_BLOCK, 0, TO_BLOCK(header->size));
	memcpy(to + TAR_BLOCK, content, header->size);
	return TAR_BLOCK + TO_BLOCK(header->size);
}

static void fuzz_begin(void)
{
	char tar[LONGEST];
	size_t used = 0;

	top = mkdtemp(places[0]) != NULL ? places[0] : mkdtemp(places[1]);
	if (top == NULL || atexit(remove_top) || chdir(top) < 0 ||
		(here = open(".", O_RDONLY | O_DIRECTORY)) < 0)
		exit(2);
	const struct header folder = { .name = "d/", .link = "", .mode = 0755, .type = '5' };
	const struct header file = { .name = "d/f",
		.link = "",
		.mode = 04755,
		.uid = 7,
		.size = 5,
		.seconds = 3,
		.type = '0' };
	const struct header link = { .name = "./d/l", .link = "../f", .mode = 0777, .type = '2' };
	used += put_member(tar, &folder, "");
	add_seed(tar, used);
	put_time(tar + used, 1234567890, 120000000);
	used += 2 * TAR_BLOCK;
	used += put_member(tar + used, &file, "bytes");
	add_seed(tar, used);
	used += put_member(tar + used, &link, "");
	add_seed(tar, used);
	const char *records = "20 mtime=1234567890\n24 atime=1234567890.123\n12 ctime=1.\n";
	const struct header times = {
		.name = "x", .link = "", .size = strlen(records), .type = 'x'
	};
	used = put_member(tar, &times, records);
	used += put_member(tar + used, &folder, "");
	add_seed(tar, used);
}

/* Corrects the checksums, so that the rest of most headers is looked at. */
static void correct(char *tar, size_t length)
{
	for (size_t at = 0; at + TAR_BLOCK <= length; at += TAR_BLOCK) {
		uint32_t sum = 8 * ' ';
		if (memcmp(tar + at + 257, "ustar", 5))
			continue;
		for (int place = 0; place < TAR_BLOCK; place++)
			if (place < 148 || place >= 156)
				sum += (unsigned char)tar[at + place];
		put_octal(tar + at + 148, sum, 6);
		tar[at + 154] = 0;
	}
}

/* Reads a tar in windows of a size, passing over blocks of what is not ordinary. */
static struct share read_all(const char *tar, size_t length, uint32_t size, int fd)
{
	struct share all = { 0 };
	/* Memory of exactly this size. */
	char *window = malloc(TAR_AT + size);

	if (window == NULL || tree_import(window, TAR_AT + size, fd, 07777) < 0)
		fail("no archive can be read");
	for (size_t at = 0; at < length;) {
		struct share some = {
			.bytes = 70000, .members = 9, .names = 3000, .headers = 9000
		};
		uint32_t count = length - at < size ? length - at : size;
		memcpy(window, &some, sizeof some);
		memcpy(window + TAR_AT, tar + at, count);
		int32_t more = tree_import_read(TAR_AT, TAR_AT + count);
		memcpy(&some, window, sizeof some);
		if (more < 0 || some.taken > count || some.taken % TAR_BLOCK || some.members > 9 ||
			some.names > 3000 || some.headers > 9000 || some.bytes > 70000 ||
			some.directories + some.files + some.symlinks != some.members)
			fail("more was read than there is, or than may be");
		all.members += some.members;
		all.bytes += some.bytes;
		at += some.taken;
		/* The window begins with what needs more bytes; there are none if it was full. */
		if (more == 0 || some.taken == 0 || count < size) {
			const char *path = at % 1024 ? "d" : "d/f";
			strcpy(window + TEXT_AT, path);
			int32_t found = tree_import_find();
			strcpy(window + TEXT_AT, path);
			/* In a directory that is not there nothing can be made. */
			if (found < 0 || (size < 8192 && tree_import_note(at % 1024) < 0))
				fail("a path cannot be looked for");
			at += TAR_BLOCK;
		}
	}
	while (tree_import_describe(0) > 0)
		;
	if (tree_import_folders() != 0 || tree_import_end() < 0)
		fail("an archive does not end");
	free(window);
	return all;
}

/* Nothing but the directory is in the one around it. */
static void check_around(void)
{
	struct listing *list = calloc(1, sizeof *list);

	if (list == NULL || read_names(list, here) < 0 || list->count != 1 ||
		strcmp(list->names + list->at[0], "made"))
		fail("something was made elsewhere");
	free_listing(list);
}

static void fuzz_one(const uint8_t *bytes, size_t length)
{
	static int inputs;
	char tar[LONGEST];
	struct share found[2] = { 0 };

	memcpy(tar, bytes, length);
	if (++inputs % 4)
		correct(tar, length);
	for (int makes = 0; makes < 2; makes++) {
		tree_share(space, sizeof space);
		remove_tree(here, "made");
		if (mkdir("made", 0700) < 0 || (made = open("made", FOLDER)) < 0)
			exit(2);
		found[makes] = read_all(tar, length, 8192, makes ? made : -1);
		close(made);
		check_around();
	}
	/* Only root may give files away. */
	if (geteuid() == 0 && memcmp(&found[0], &found[1], sizeof found[0]))
		fail("other entries were made than were checked");
	read_all(tar, length, 512, -1);
	read_all(tar, length, 1536, -1);
}
