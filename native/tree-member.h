/*
 * The ordinary entries of a tar, which src/layer/archive/tar-reader.ts and check-archive.ts would
 * accept without asking anybody (POSIX.1-2008, pax: ustar). It is no error if one is not ordinary:
 * the caller reads it, and says what is wrong with it.
 */
#pragma once
#include "tree-tar.h"

/* A name of a header, behind a prefix. */
#define LONGEST_PREFIX 155
#define LONGEST_PATH (LONGEST_PREFIX + 1 + LONGEST_FIELD)
/* As in unpack-layer.ts: larger files are not ordinary. */
#define LARGEST_SMALL 65536
/* The last second whose nanoseconds since 1970 fit into 64 bits. */
#define LAST_SECOND INT64_C(9223372035)
#define WHITEOUT ".wh."

/* Whether an entry is ordinary. More bytes may show that it is. */
enum { NEEDS_MORE, IS_OTHER, IS_ORDINARY };

struct ordinary {
	/* Without what means nothing. */
	const char *path;
	size_t length;
	const char *target, *content;
	size_t target_length, size;
	/* With its type. */
	uint32_t mode, uid, gid, modified_ns;
	int64_t modified;
	/* Whether a header before it has its time. */
	int has_time;
	/* Bytes of the archive: all, those of its names, and those of the headers before it. */
	size_t taken, names, headers;
	char text[LONGEST_PATH];
};

/* A number of octal digits between blanks; -1 if it has another form. 12 digits at most. */
static int64_t octal(const char *field, int length)
{
	int begin = 0, end = length;
	int64_t value = 0;

	if (field[0] & 0x80)
		return -1;
	while (end > begin && (field[end - 1] == 0 || field[end - 1] == ' '))
		end--;
	while (begin < end && field[begin] == ' ')
		begin++;
	for (; begin < end; begin++) {
		if (field[begin] < '0' || field[begin] > '7')
			return -1;
		value = value * 8 + (field[begin] - '0');
	}
	return value;
}

static int is_posix(const char *block)
{
	return !memcmp(block + 257, "ustar\00000", 8);
}

/* Whether a block is a header. The caller says what is wrong with any other. */
static int is_header(const char *block)
{
	uint32_t sum = 8 * ' ';

	if (!is_posix(block) && memcmp(block + 257, "ustar  \0", 8))
		return 0;
	/* A compiler adds up several bytes at a time of a whole block. */
	for (int at = 0; at < TAR_BLOCK; at++)
		sum += (unsigned char)block[at];
	for (int at = 148; at < 156; at++)
		sum -= (unsigned char)block[at];
	return octal(block + 148, 8) == sum;
}

/* Reads digits. Returns how many there are. */
static size_t digits_of(const char *text, const char *end, int64_t *value)
{
	size_t count = 0;

	*value = 0;
	/* The caller refuses more of them, so the rest does not matter. */
	for (; text + count < end && text[count] >= '0' && text[count] <= '9'; count++)
		if (count < 12)
			*value = *value * 10 + (text[count] - '0');
	return count;
}

/* A time since 1970, cut off at the ninth digit behind the point. Returns whether it is one. */
static int read_time(const char *text, const char *end, struct ordinary *entry)
{
	int64_t seconds, fraction = 0;
	size_t count = digits_of(text, end, &seconds), digits = 0;

	if (count < 1 || count > 12 || seconds > LAST_SECOND)
		return 0;
	text += count;
	if (text < end && *text == '.') {
		text++;
		digits = digits_of(text, end - text > 9 ? text + 9 : end, &fraction);
		int64_t rest;
		size_t more = digits_of(text, end, &rest);
		if (digits + more > 30)
			return 0;
		text += more;
	}
	for (; digits < 9; digits++)
		fraction *= 10;
	entry->modified = seconds;
	entry->modified_ns = fraction;
	entry->has_time = 1;
	return text == end;
}

/*
 * Reads the records of a header before an entry. Only those of times are ordinary: one that counts,
 * and two that are left out.
 */
static int read_records(const char *text, const char *end, struct ordinary *entry)
{
	while (text < end) {
		int64_t length;
		size_t digits = digits_of(text, end, &length);
		const char *key = text + digits + 1;
		if (digits < 1 || digits > 3 || *text == '0' || length > end - text ||
			length < (int64_t)digits + 8 || key[-1] != ' ' || text[length - 1] != '\n')
			return 0;
		int is_ours = !memcmp(key, "mtime=", 6);
		if (!is_ours && memcmp(key, "atime=", 6) && memcmp(key, "ctime=", 6))
			return 0;
		if (is_ours && !read_time(key + 6, text + length - 1, entry))
			return 0;
		text += length;
	}
	return 1;
}

/* Whether all names of a path are ones that mean nothing but themselves. */
static int is_plain_path(const char *path, size_t length)
{
	const char *end = path + length;

	for (const char *name = path, *next; name <= end; name = next + 1) {
		next = memchr(name, '/', end - name);
		if (next == NULL)
			next = end;
		size_t count = next - name;
		if (count < 1 || count > NAME_MAX || (count == 1 && *name == '.') ||
			(count == 2 && !memcmp(name, "..", 2)) ||
			(count >= strlen(WHITEOUT) && !memcmp(name, WHITEOUT, strlen(WHITEOUT))))
			return 0;
		for (const char *at = name; at < next; at++)
			if (*at < ' ' || *at > '~')
				return 0;
	}
	return 1;
}

/* Reads the path of an entry, without `./` before it and a slash behind that of a directory. */
static int read_path(const char *block, struct ordinary *entry)
{
	size_t name = strnlen(block, LONGEST_FIELD);
	size_t prefix = is_posix(block) ? strnlen(block + 345, LONGEST_PREFIX) : 0;

	entry->path = block;
	entry->length = name;
	if (prefix) {
		memcpy(entry->text, block + 345, prefix);
		entry->text[prefix] = '/';
		memcpy(entry->text + prefix + 1, block, name);
		entry->path = entry->text;
		entry->length = prefix + 1 + name;
	}
	entry->names = entry->length + strnlen(block + 157, LONGEST_FIELD);
	if (entry->length > 2 && !memcmp(entry->path, "./", 2)) {
		entry->path += 2;
		entry->length -= 2;
	}
	if (S_ISDIR(entry->mode) && entry->length > 1 && entry->path[entry->length - 1] == '/')
		entry->length--;
	return is_plain_path(entry->path, entry->length);
}

/* The type of the files that a header makes; 0 if it is not ordinary. */
static uint32_t type_of(const char *block)
{
	switch (block[156]) {
	case '0':
	case '7':
	case 0:
		return S_IFREG;
	case '2':
		return S_IFLNK;
	case '5':
		return S_IFDIR;
	default:
		return 0;
	}
}

/* Reads a header. Returns whether it is ordinary. */
static int read_member(const char *block, struct ordinary *entry)
{
	uint32_t type = type_of(block);
	int64_t mode = octal(block + 100, 8), uid = octal(block + 108, 8);
	int64_t gid = octal(block + 116, 8), size = octal(block + 124, 12);
	int64_t modified = octal(block + 136, 12);

	if (!type || !is_header(block) || mode < 0 || uid < 0 || gid < 0 || size < 0 ||
		size > (type == S_IFREG ? LARGEST_SMALL : 0))
		return 0;
	if (!entry->has_time) {
		if (modified < 0 || modified > LAST_SECOND)
			return 0;
		entry->modified = modified;
		entry->modified_ns = 0;
	}
	entry->mode = type | (mode & 07777);
	entry->uid = uid;
	entry->gid = gid;
	entry->size = size;
	entry->target = block + 157;
	entry->target_length = type == S_IFLNK ? strnlen(block + 157, LONGEST_FIELD) : 0;
	if (type == S_IFLNK &&
		(!entry->target_length || !fits_field(entry->target, entry->target_length)))
		return 0;
	return read_path(block, entry);
}

/* Reads the entry that begins there, with a header before it. */
static int read_ordinary(const char *bytes, size_t room, struct ordinary *entry)
{
	size_t at = 0;

	entry->headers = entry->has_time = 0;
	if (room < TAR_BLOCK)
		return NEEDS_MORE;
	if (bytes[156] == 'x') {
		int64_t size = octal(bytes + 124, 12);
		if (size < 1 || size > TAR_BLOCK || !is_header(bytes))
			return IS_OTHER;
		if (room < 3 * TAR_BLOCK)
			return NEEDS_MORE;
		if (!read_records(bytes + TAR_BLOCK, bytes + TAR_BLOCK + size, entry))
			return IS_OTHER;
		entry->headers = TAR_BLOCK + size;
		at = 2 * TAR_BLOCK;
	}
	if (!read_member(bytes + at, entry))
		return IS_OTHER;
	entry->content = bytes + at + TAR_BLOCK;
	entry->taken = at + TAR_BLOCK + TO_BLOCK(entry->size);
	return entry->taken > room ? NEEDS_MORE : IS_ORDINARY;
}
