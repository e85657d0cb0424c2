/*
 * Reading the ordinary entries of an archive, and making them below a directory that nobody else
 * may enter. The caller reads all others, in order, and says which paths they have. Only one
 * archive is read at a time. src/system/archive-ffi.ts has the caller's side.
 */
#pragma once
#include "tree-build.h"
#include "tree-known.h"
#include "tree-member.h"

/* At the beginning of the window: how much may be read, and then how much was. */
struct share {
	/* Of files. */
	uint64_t bytes;
	/* Entries, bytes of their names, and bytes of the headers before them. */
	uint32_t members, names, headers;
	uint32_t directories, files, symlinks;
	/* Bytes of the archive. */
	uint32_t taken, rest;
};

/* Then there is room for a path, or for an entry that is given back. */
#define TEXT_AT 64
_Static_assert(sizeof(struct share) <= TEXT_AT, "what may be read is before the text");
#define TEXT_ROOM 8128
#define TAR_AT (TEXT_AT + TEXT_ROOM)

/* An entry that is given back; then its path and what a symlink says. */
struct given {
	uint32_t mode, uid, gid, modified_ns;
	int64_t modified;
	uint32_t path, target;
};
#define GIVEN 32
_Static_assert(sizeof(struct given) == GIVEN, "its texts are right behind it");

/* A block of this size that is all zeros becomes a hole, which the caller makes. */
#define HOLE 4096

static struct importing {
	char *window;
	size_t room;
	/* -1: the entries are only checked. */
	int top;
	/* The bits of modes that may be set. */
	uint32_t modes;
	struct known known;
	/* The directories that are described at the end, when all in them is made. */
	uint32_t *folders;
	size_t folder_count, folder_room;
	/* The directory of the last entry. */
	uint32_t above;
} * import;

/* Begins with an archive. The window stays where it is until the end; so does the descriptor. */
EXPORT int32_t tree_import(char *window, uint32_t room, int32_t top, uint32_t modes)
{
	if (import != NULL)
		return -EBUSY;
	if (room < TAR_AT + TAR_BLOCK)
		return -EINVAL;
	import = calloc(1, sizeof *import);
	if (import == NULL)
		return -ENOMEM;
	*import = (struct importing){ .window = window, .room = room, .top = top, .modes = modes };
	return 0;
}

EXPORT int32_t tree_import_end(void)
{
	if (import == NULL)
		return -EBADF;
	free_known(&import->known);
	free(import->folders);
	free(import);
	import = NULL;
	return 0;
}

static int is_folder_kind(int kind)
{
	return kind == OTHER_FOLDER || kind == FOLDER_HERE;
}

/* Whether the directory of a path is one of the archive, or one that the caller told of. */
static int is_in_folder(const char *path, size_t length)
{
	const char *slash = memrchr(path, '/', length);
	const struct known *known = &import->known;

	if (slash == NULL)
		return 1;
	size_t count = slash - path;
	if (import->above != NOT_KNOWN) {
		struct member last = member_at(known, import->above);
		if (last.path_length == count && !memcmp(last.path, path, count))
			return is_folder_kind(last.kind);
	}
	import->above = find_known(known, path, count);
	return import->above != NOT_KNOWN && is_folder_kind(member_at(known, import->above).kind);
}

static int has_hole(const char *content, size_t size)
{
	static const char zeros[HOLE];

	for (size_t at = 0; at + HOLE <= size; at += HOLE)
		if (!memcmp(content + at, zeros, HOLE))
			return 1;
	return 0;
}

/* Makes an entry where nothing is. */
static int32_t make_ordinary(struct reached *last, const struct ordinary *entry)
{
	char path[LONGEST_PATH + 1], target[LONGEST_FIELD + 1];
	struct change change = { .mode = entry->mode & import->modes,
		.uid = entry->uid,
		.gid = entry->gid,
		.modified = entry->modified,
		.modified_ns = entry->modified_ns };
	struct making making = { .change = &change, .attributes = "" };

	copy_field(path, entry->path, entry->length);
	copy_field(target, entry->target, entry->target_length);
	size_t length = split(path, &making.name);
	making.at = reach(last, import->top, path, length);
	if (making.at < 0)
		return making.at;
	switch (entry->mode & S_IFMT) {
	case S_IFDIR:
		change.what = PUT_FOLDER;
		break;
	case S_IFLNK:
		change.what = PUT_SYMLINK;
		making.source = target;
		break;
	default:
		change.what = PUT_DATA;
		change.source = entry->size;
		making.source = entry->content;
	}
	return make(&making);
}

static int kind_of(uint32_t mode)
{
	if (S_ISREG(mode))
		return FILE_HERE;
	return S_ISDIR(mode) ? FOLDER_HERE : SYMLINK_HERE;
}

/* Whether an ordinary entry may be read: nobody must decide about it, and it is made. */
static int take_ordinary(
	struct reached *last, const struct ordinary *entry, const struct share *left)
{
	struct known *known = &import->known;
	struct member member = { .kind = kind_of(entry->mode),
		.path = entry->path,
		.path_length = entry->length,
		.target = entry->target,
		.target_length = entry->target_length,
		.look = { entry->modified, entry->mode, entry->uid, entry->gid,
			entry->modified_ns } };

	if (left->members < 1 || entry->names > left->names || entry->headers > left->headers ||
		entry->size > left->bytes || !is_in_folder(entry->path, entry->length) ||
		find_known(known, entry->path, entry->length) != NOT_KNOWN)
		return 0;
	if (room_for_known(known, &member) < 0)
		return 0;
	if (import->top < 0) {
		add_known(known, &member);
		return 1;
	}
	if (grow((void **)&import->folders, &import->folder_room, import->folder_count + 1,
		    sizeof *import->folders) < 0 ||
		has_hole(entry->content, entry->size) || make_ordinary(last, entry) < 0)
		return 0;
	uint32_t place = add_known(known, &member);
	if (S_ISDIR(entry->mode))
		import->folders[import->folder_count++] = place;
	return 1;
}

static void count_ordinary(const struct ordinary *entry, struct share *left, struct share *got)
{
	left->members--;
	left->names -= entry->names;
	left->headers -= entry->headers;
	left->bytes -= entry->size;
	got->members++;
	got->names += entry->names;
	got->headers += entry->headers;
	got->bytes += entry->size;
	got->directories += S_ISDIR(entry->mode);
	got->files += S_ISREG(entry->mode);
	got->symlinks += S_ISLNK(entry->mode);
	got->taken += entry->taken;
}

/*
 * Reads the ordinary entries in a part of the window, up to the first one of another kind. What may
 * be read is at the beginning of the window, and then what was. Returns 1 if more bytes may show
 * that the next one is ordinary.
 */
EXPORT int32_t tree_import_read(uint32_t from, uint32_t to)
{
	struct reached last = { .fd = -1 };
	struct share left, got = { 0 };
	struct ordinary entry;
	mode_t mask = 0;
	int how = IS_OTHER;

	if (import == NULL)
		return -EBADF;
	if (from < TAR_AT || from > to || to > import->room)
		return -EINVAL;
	memcpy(&left, import->window, sizeof left);
	if (import->top >= 0)
		mask = umask(0);
	for (;;) {
		size_t at = from + got.taken;
		how = read_ordinary(import->window + at, to - at, &entry);
		if (how != IS_ORDINARY || !take_ordinary(&last, &entry, &left))
			break;
		count_ordinary(&entry, &left, &got);
	}
	leave_reached(&last);
	if (import->top >= 0)
		umask(mask);
	memcpy(import->window, &got, sizeof got);
	return how == NEEDS_MORE;
}

/* The path in the window, without its NUL; 0 if it is none. */
static size_t path_in_window(const char **path)
{
	size_t length = strnlen(import->window + TEXT_AT, TEXT_ROOM);

	*path = import->window + TEXT_AT;
	return length == TEXT_ROOM ? 0 : length;
}

/* Puts an entry of ours into the window. Returns its bytes. */
static int32_t give_member(const struct member *member)
{
	const struct look *look = &member->look;
	struct given given = { .mode = member->kind == FILE_HERE ? S_IFREG : look->mode,
		.uid = look->uid,
		.gid = look->gid,
		.modified = look->modified,
		.modified_ns = look->modified_ns,
		.path = member->path_length,
		.target = member->target_length };
	/* The target is behind the path in both places. */
	size_t texts = member->path_length + member->target_length;

	memcpy(import->window + TEXT_AT, &given, sizeof given);
	memcpy(import->window + TEXT_AT + sizeof given, member->path, texts);
	return sizeof given + texts;
}

/*
 * Looks for the path in the window. Returns bytes, or 0 if no ordinary entry had it. Of a file it
 * gives no more than the path.
 */
EXPORT int32_t tree_import_find(void)
{
	const char *path;

	if (import == NULL)
		return -EBADF;
	size_t length = path_in_window(&path);
	uint32_t place = find_known(&import->known, path, length);
	if (place == NOT_KNOWN)
		return 0;
	struct member member = member_at(&import->known, place);
	return member.kind < FILE_HERE ? 0 : give_member(&member);
}

/* Tells of the path in the window: the caller has an entry, or found a directory there. */
EXPORT int32_t tree_import_note(int32_t is_folder)
{
	const char *path;

	if (import == NULL)
		return -EBADF;
	struct known *known = &import->known;
	size_t length = path_in_window(&path);
	struct member member = { .kind = is_folder ? OTHER_FOLDER : OTHER,
		.path = path,
		.path_length = length,
		.target = "" };
	if (length == 0)
		return -EINVAL;
	uint32_t place = find_known(known, path, length);
	if (place != NOT_KNOWN) {
		if (member_at(known, place).kind < FILE_HERE)
			change_known(known, place, member.kind);
		return 0;
	}
	if (room_for_known(known, &member) < 0)
		return -ENOMEM;
	add_known(known, &member);
	return 0;
}

/* How many directories were made and are not described. */
EXPORT int32_t tree_import_folders(void)
{
	return import == NULL ? -EBADF : (int32_t)import->folder_count;
}

/*
 * Describes the directories that were made last, until so many are left: the innermost first.
 * Returns 0; or bytes of one that the caller has to describe, and is to ask again.
 */
EXPORT int32_t tree_import_describe(uint32_t left)
{
	struct reached last = { .fd = -1 };

	if (import == NULL)
		return -EBADF;
	while (import->folder_count > left) {
		struct member member =
			member_at(&import->known, import->folders[--import->folder_count]);
		struct change change = { .mode = member.look.mode & import->modes,
			.uid = member.look.uid,
			.gid = member.look.gid,
			.modified = member.look.modified,
			.modified_ns = member.look.modified_ns };
		int32_t fd = reach(&last, import->top, member.path, member.path_length);
		if (fd < 0 || describe_open(fd, &change, "") != 0) {
			leave_reached(&last);
			return give_member(&member);
		}
	}
	leave_reached(&last);
	return 0;
}
