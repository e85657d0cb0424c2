/* Fuzzes what native/measure.c reads in /proc: the memory of a process, and its parent. */
#define _GNU_SOURCE
#include <stdio.h>

static FILE *given_file(const char *path, const char *mode);

#define main measure_main
#define fopen given_file
#include "../measure.c"
#undef fopen
#undef main
#include "fuzz.h"

static const uint8_t *given;
static size_t given_length;

static FILE *given_file(const char *path, const char *mode)
{
	(void)path, (void)mode;
	return given_length ? fmemopen((void *)given, given_length, "r") : NULL;
}

static void fuzz_one(const uint8_t *bytes, size_t length)
{
	given = bytes, given_length = length;
	memory_of(1);
	parent_of("1");
}

static void fuzz_begin(void)
{
	static const char *const files[] = {
		"Rss: 4 kB\nPrivate_Clean:       12 kB\nPrivate_Dirty:  99 kB\nSwap: 0 kB\n",
		"Private_Clean: 99999999999999999999 kB\n",
		"12 (node) S 7 12 12 0 -1",
		"12 (a) (b)\n) R 7 0",
	};
	for (size_t file = 0; file < sizeof files / sizeof *files; file++)
		add_seed(files[file], strlen(files[file]));
}
