/*
 * Fuzzes the text of native/mountroot.c that becomes a record of the kernel log. Its other
 * functions are system calls.
 */
#include "../mountroot.c"
#include "fuzz.h"

static void fuzz_one(const uint8_t *bytes, size_t length)
{
	char *text = malloc(length + 1), path[16] = "/dev/null";
	memcpy(text, bytes, length);
	text[length] = 0;
	/* So long that no report is due before the text is taken back. */
	if (mountroot_during(text, path, UINT32_MAX) < 0)
		fail("a text is refused");
	free(text);
	pthread_mutex_lock(&alive.mutex);
	size_t kept = strnlen(alive.text, sizeof alive.text);
	if (kept == sizeof alive.text)
		fail("a text has no end");
	for (size_t at = 0; at < kept; at++)
		if ((unsigned char)alive.text[at] < ' ' || alive.text[at] == 0x7f)
			fail("a text is more than one line");
	pthread_mutex_unlock(&alive.mutex);
	mountroot_during(NULL, NULL, 0);
}

static void fuzz_begin(void)
{
	char text[2 * LONGEST_TEXT];
	memset(text, 'x', sizeof text);
	add_seed("copying settings", 16);
	add_seed("two\nlines\x1b[31m", 14);
	add_seed(text, LONGEST_TEXT - 1);
	add_seed(text, LONGEST_TEXT);
	add_seed(text, sizeof text);
}
