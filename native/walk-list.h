/* Lists what is on a mounted volume, and prints what differs from the listing before. */
#ifndef WALK_LIST_H
#define WALK_LIST_H

#include "walk-common.h"

static uint32_t crc_table[256];

static uint32_t crc32(uint32_t crc, const unsigned char *bytes, size_t length)
{
	if (!crc_table[1])
		for (uint32_t at = 0; at < 256; at++) {
			uint32_t value = at;
			for (int bit = 0; bit < 8; bit++)
				value = (value >> 1) ^ (value & 1 ? 0xedb88320 : 0);
			crc_table[at] = value;
		}
	crc = ~crc;
	for (size_t at = 0; at < length; at++)
		crc = (crc >> 8) ^ crc_table[(crc ^ bytes[at]) & 0xff];
	return ~crc;
}

/* What is on the volume: sorted lines, of this state and of the one before. */
struct lines {
	char **line;
	size_t count, room;
};
static struct lines now, before;

static void add_line(char *line)
{
	if (now.count == now.room) {
		now.room = now.room ? now.room * 2 : 256;
		now.line = realloc(now.line, now.room * sizeof *now.line);
		if (!now.line)
			die("memory");
	}
	now.line[now.count++] = line;
}

/* A name may hold anything, and a line of the console is a line. */
static void print_name(FILE *to, const char *name)
{
	for (; *name; name++)
		if (*name > ' ' && *name < 0x7f && *name != '\\')
			fputc(*name, to);
		else
			fprintf(to, "\\%03o", (unsigned char)*name);
}

static void print_content(FILE *to, const char *path)
{
	static unsigned char bytes[65536];
	uint32_t crc = 0;
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_NOFOLLOW);
	if (fd >= 0) {
		while ((got = read(fd, bytes, sizeof bytes)) > 0)
			crc = crc32(crc, bytes, got);
		close(fd);
	}
	if (got < 0)
		fprintf(to, " errno=%d", errno);
	else
		fprintf(to, " crc=%08x", crc);
}

static void print_attributes(FILE *to, const char *path)
{
	char names[1024];
	ssize_t length = llistxattr(path, names, sizeof names);
	for (ssize_t at = 0; at < length; at += strlen(names + at) + 1) {
		unsigned char value[1024];
		ssize_t got = lgetxattr(path, names + at, value, sizeof value);
		fprintf(to, " %s=%08x", names + at, got < 0 ? 0 : crc32(0, value, got));
	}
}

static void print_file(const char *path)
{
	char *line, target[PATH_MAX];
	size_t length;
	struct stat is;
	FILE *to = open_memstream(&line, &length);
	if (!to)
		die("memory");
	print_name(to, path + strlen(place));
	if (lstat(path, &is) < 0)
		fprintf(to, " errno=%d", errno);
	else {
		fprintf(to, " %o %u:%u", is.st_mode, is.st_uid, is.st_gid);
		if (S_ISREG(is.st_mode)) {
			fprintf(to, " size=%lld", (long long)is.st_size);
			print_content(to, path);
		} else if (S_ISLNK(is.st_mode)) {
			ssize_t got = readlink(path, target, sizeof target - 1);
			target[got < 0 ? 0 : got] = '\0';
			fprintf(to, " -> ");
			print_name(to, target);
		} else if (!S_ISDIR(is.st_mode))
			fprintf(to, " node=%u:%u", major(is.st_rdev), minor(is.st_rdev));
		print_attributes(to, path);
	}
	fclose(to);
	add_line(line);
}

static void list(const char *path)
{
	char inner[PATH_MAX];
	struct dirent *entry;
	DIR *folder = opendir(path);
	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
		print_file(inner);
		if (entry->d_type == DT_DIR)
			list(inner);
	}
	closedir(folder);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_difference(void)
{
	size_t old = 0, new = 0;
	qsort(now.line, now.count, sizeof *now.line, compare);
	while (old < before.count || new < now.count) {
		int order = old == before.count ? 1
			    : new == now.count	? -1
						: strcmp(before.line[old], now.line[new]);
		if (order < 0)
			printf("-%s\n", before.line[old]);
		else if (order > 0)
			printf("+%s\n", now.line[new]);
		old += order <= 0;
		new += order >= 0;
	}
	for (size_t at = 0; at < before.count; at++)
		free(before.line[at]);
	struct lines spare = before;
	before = now;
	now = spare;
	now.count = 0;
}

#endif
