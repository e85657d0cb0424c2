/*
 * Ordinary entries of a walk as blocks of a tar, byte for byte as src/layer/archive/tar-writer.ts
 * writes them (POSIX.1-2008, pax: ustar). What is not ordinary goes to the caller as a record.
 */
#pragma once
#include "tree-entries.h"

#define TAR_BLOCK 512
/* What every reader knows of the fields of a header: a text, six octal digits, 31 bits. */
#define LONGEST_FIELD 100
#define MOST_NUMBER 0777777
#define MOST_SECONDS INT64_C(0x7fffffff)

/* The most that an entry without content takes: a record's head, and three blocks. */
#define MOST_HEADERS (sizeof(struct entry) + 3 * TAR_BLOCK)

#define TO_BLOCK(bytes) (((bytes) + TAR_BLOCK - 1) & ~(size_t)(TAR_BLOCK - 1))

struct header {
	const char *name, *link;
	uint32_t mode, uid, gid;
	uint64_t size, seconds;
	char type;
};

static void put_octal(char *field, uint64_t value, int digits)
{
	for (; digits > 0; value >>= 3)
		field[--digits] = '0' + (value & 7);
}

/* `name` and `link` have LONGEST_FIELD bytes at most. */
static void put_header(char *block, const struct header *header)
{
	uint32_t sum = 0;

	memset(block, 0, TAR_BLOCK);
	memcpy(block, header->name, strlen(header->name));
	put_octal(block + 100, header->mode, 7);
	put_octal(block + 108, header->uid, 7);
	put_octal(block + 116, header->gid, 7);
	put_octal(block + 124, header->size, 11);
	put_octal(block + 136, header->seconds, 11);
	memset(block + 148, ' ', 8);
	block[156] = header->type;
	memcpy(block + 157, header->link, strlen(header->link));
	memcpy(block + 257, "ustar\00000", 8);
	for (int at = 0; at < TAR_BLOCK; at++)
		sum += (unsigned char)block[at];
	put_octal(block + 148, sum, 6);
	block[154] = 0;
}

/* A header with one record: a time with a fraction. Takes two blocks. */
static void put_time(char *blocks, int64_t seconds, uint32_t nanoseconds)
{
	char text[64];
	int length = snprintf(
		text, sizeof text, " mtime=%lld.%09u", (long long)seconds, (unsigned)nanoseconds);

	while (text[length - 1] == '0')
		length--;
	text[length++] = '\n';
	/* The number counts its own two digits. */
	length += 2;
	put_header(blocks, &(struct header){ .name = "PaxHeader",
				   .link = "",
				   .mode = 0644,
				   .size = length,
				   .type = 'x' });
	memset(blocks + TAR_BLOCK, 0, TAR_BLOCK);
	blocks[TAR_BLOCK] = '0' + length / 10;
	blocks[TAR_BLOCK + 1] = '0' + length % 10;
	memcpy(blocks + TAR_BLOCK + 2, text, length - 2);
}

/* Whether a text can be in a field as it is. */
static int fits_field(const char *text, size_t length)
{
	for (size_t at = 0; at < length; at++)
		if (text[at] < ' ' || text[at] > '~')
			return 0;
	return length <= LONGEST_FIELD;
}

/*
 * Whether a path has no name that means something: names with a dot at the beginning may be marks
 * of overlay, or ours. Those above it are known.
 */
static int is_usual_path(const char *path, size_t length)
{
	const char *slash = memrchr(path, '/', length);
	const char *name = slash == NULL ? path : slash + 1;

	return name < path + length && *name != '.' && fits_field(path, length);
}

/* Whether a packed entry needs no record beside its header, besides its time, and no decision. */
static int is_ordinary(const struct entry *head, const char *path, uint64_t device)
{
	if (head->error || head->attributes || head->device != device ||
		!is_usual_path(path, head->name) || head->uid > MOST_NUMBER ||
		head->gid > MOST_NUMBER || head->modified < 0 || head->modified > MOST_SECONDS ||
		head->modified_ns > 999999999)
		return 0;
	if (S_ISDIR(head->mode))
		return head->name < LONGEST_FIELD;
	if (head->links != 1)
		return 0;
	return S_ISREG(head->mode) ||
	       (S_ISLNK(head->mode) && fits_field(path + head->name, head->target));
}

/* A copy of a field's text with its NUL. */
static void copy_field(char *to, const char *text, size_t length)
{
	memcpy(to, text, length);
	to[length] = 0;
}

/*
 * Turns the last record, of an ordinary entry with all that its file holds, into blocks of a tar.
 * They go on with the run of blocks that begins at `run`, if the record is right behind it. A run
 * is a record without a mode: so many entries (`links`), the bytes of their files (`size`), and how
 * many bytes of blocks follow (`content`). Returns 1, or -ERANGE if there is no room.
 */
static int as_tar(struct space *to, size_t begin, size_t *run)
{
	char name[LONGEST_FIELD + 2], link[LONGEST_FIELD + 1];
	struct entry head, all = { 0 };

	memcpy(&head, to->bytes + begin, sizeof head);
	size_t at = begin + (*run == SIZE_MAX ? sizeof all : 0);
	size_t headers = head.modified_ns ? 3 * TAR_BLOCK : TAR_BLOCK;
	size_t used = at + headers + TO_BLOCK((size_t)head.content);
	if (used > to->room)
		return -ERANGE;
	const char *path = to->bytes + begin + sizeof head;
	copy_field(name, path, head.name);
	copy_field(link, path + head.name, head.target);
	if (S_ISDIR(head.mode))
		strcat(name, "/");
	const char *content = to->bytes + ALIGN(begin + sizeof head + head.name + head.target);
	memmove(to->bytes + at + headers, content, head.content);
	memset(to->bytes + at + headers + head.content, 0, used - at - headers - head.content);
	if (head.modified_ns)
		put_time(to->bytes + at, head.modified, head.modified_ns);
	char type = S_ISDIR(head.mode) ? '5' : S_ISLNK(head.mode) ? '2' : '0';
	put_header(to->bytes + at + headers - TAR_BLOCK, &(struct header){ .name = name,
								 .link = link,
								 .mode = head.mode & 07777,
								 .uid = head.uid,
								 .gid = head.gid,
								 .size = head.content,
								 .seconds = head.modified,
								 .type = type });
	if (*run == SIZE_MAX)
		*run = begin;
	else
		memcpy(&all, to->bytes + *run, sizeof all);
	all.links++;
	all.size += head.content;
	all.content = used - *run - sizeof all;
	all.length = used - *run;
	memcpy(to->bytes + *run, &all, sizeof all);
	to->used = used;
	return 1;
}
