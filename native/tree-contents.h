/* Reading regular files that were listed (tree.c). */
#pragma once
#include "tree-entries.h"

/* A file as it was listed; then its name with a NUL. */
struct wanted {
	uint32_t length, name;
	uint64_t device, inode;
	int64_t size, modified, changed;
	uint32_t modified_ns, changed_ns;
};

/* Then its bytes, and zeros up to a multiple of 8. */
struct content {
	int32_t error;
	uint32_t length;
	/* Whether the file is as it was listed. */
	uint32_t same, unused;
};

static int is_as_listed(int fd, const struct wanted *wanted)
{
	struct stat is;

	return fstat(fd, &is) == 0 && is.st_size == wanted->size &&
	       is.st_mtim.tv_sec == wanted->modified && is.st_ctim.tv_sec == wanted->changed &&
	       (uint32_t)is.st_mtim.tv_nsec == wanted->modified_ns &&
	       (uint32_t)is.st_ctim.tv_nsec == wanted->changed_ns;
}

/* -ERANGE if there is no room for as many bytes as were listed. Other errors are in the record. */
static int pack_content(int at, const struct wanted *wanted, const char *name, struct space *to)
{
	struct content head = { 0 };
	size_t begin = to->used;

	if (wanted->size < 0 || begin + sizeof head + ALIGN((uint64_t)wanted->size) > to->room)
		return -ERANGE;
	char *bytes = to->bytes + begin + sizeof head;
	int32_t fd = open_listed(at, name, wanted->device, wanted->inode);
	if (fd < 0) {
		head.error = -fd;
	} else {
		ssize_t some = 1;
		while (head.length < wanted->size && some > 0) {
			some = read(fd, bytes + head.length, wanted->size - head.length);
			if (some > 0)
				head.length += some;
		}
		if (some < 0)
			head.error = errno;
		head.same = head.length == wanted->size && is_as_listed(fd, wanted);
		close(fd);
	}
	to->used = begin + sizeof head + ALIGN((size_t)head.length);
	memset(bytes + head.length, 0, ALIGN((size_t)head.length) - head.length);
	memcpy(to->bytes + begin, &head, sizeof head);
	return 0;
}
