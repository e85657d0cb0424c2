/*
 * What the fuzzers of native/ share: `PROGRAM RUNS SEED REPORT [FILE...]` mutates the files, and
 * seeds of its own, RUNS times. The same seed makes the same inputs. Built with ASan and UBSan,
 * which end it at the first fault. It then writes the input to the file REPORT, and the same input
 * as a FILE with RUNS of 0 repeats the fault, because each file is also tried as it is.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <sanitizer/common_interface_defs.h>

/* Each fuzzer has these. The first adds seeds. The second returns if all is well. */
static void fuzz_begin(void);
static void fuzz_one(const uint8_t *bytes, size_t length);

#define LONGEST 4096
#define SEEDS 256
/* No input needs so many seconds of a processor, nor so many until its end where others work. */
#define SLOWEST 20
#define LONGEST_WAIT 300

static struct input {
	size_t length;
	uint8_t bytes[LONGEST];
} seeds[SEEDS], current;
static size_t seed_count;
static const char *report;

static uint64_t state = 1;

/* xorshift64 */
static uint32_t random_below(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % below;
}

static void save_input(void)
{
	int fd = open(report, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0 && write(fd, current.bytes, current.length) < 0)
		_exit(1);
}

static void fail(const char *what)
{
	dprintf(2, "fuzz: %s\n", what);
	save_input();
	abort();
}

static void too_slow(int signal)
{
	(void)signal;
	fail("an input takes too long");
}

__attribute__((unused)) static void add_seed(const void *bytes, size_t length)
{
	if (seed_count == SEEDS || length > LONGEST)
		return;
	seeds[seed_count].length = length;
	memcpy(seeds[seed_count++].bytes, bytes, length);
}

static void read_seed(const char *path)
{
	static uint8_t bytes[LONGEST];
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
	if (length < 0) {
		perror(path);
		exit(2);
	}
	close(fd);
	add_seed(bytes, (size_t)length);
}

static const uint8_t SPECIAL[] = { 0, 1, 0x7f, 0x80, 0xff, 0xfe, '/', '.', '\n', ' ', ')' };

static void change_byte(struct input *input)
{
	uint8_t *at = &input->bytes[random_below((uint32_t)input->length)];
	switch (random_below(4)) {
	case 0:
		*at ^= (uint8_t)(1u << random_below(8));
		break;
	case 1:
		*at = SPECIAL[random_below(sizeof SPECIAL)];
		break;
	case 2:
		*at = (uint8_t)random_below(256);
		break;
	default:
		*at = (uint8_t)(*at + random_below(9) - 4);
	}
}

static void cut(struct input *input)
{
	size_t from = random_below((uint32_t)input->length);
	size_t count = 1 + random_below((uint32_t)(input->length - from));
	memmove(input->bytes + from, input->bytes + from + count, input->length - from - count);
	input->length -= count;
}

/* Puts a piece of any seed, or of this input, somewhere. */
static void insert_piece(struct input *input)
{
	const struct input *other =
		random_below(2) ? input : &seeds[random_below((uint32_t)seed_count)];
	if (other->length == 0)
		return;
	size_t from = random_below((uint32_t)other->length);
	size_t count = 1 + random_below((uint32_t)(other->length - from));
	size_t at = random_below((uint32_t)input->length + 1);
	if (input->length + count > LONGEST)
		return;
	uint8_t piece[LONGEST];
	memcpy(piece, other->bytes + from, count);
	memmove(input->bytes + at + count, input->bytes + at, input->length - at);
	memcpy(input->bytes + at, piece, count);
	input->length += count;
}

static void mutate(void)
{
	current = seeds[random_below((uint32_t)seed_count)];
	for (uint32_t left = 1 + random_below(6); left > 0; left--) {
		uint32_t how = random_below(8);
		if (current.length == 0 || how == 0)
			insert_piece(&current);
		else if (how == 1)
			cut(&current);
		else
			change_byte(&current);
	}
}

static void run_current(void)
{
	const struct itimerval most = { .it_value.tv_sec = SLOWEST }, none = { 0 };
	setitimer(ITIMER_PROF, &most, NULL);
	alarm(LONGEST_WAIT);
	/* A copy of exactly its length: ASan sees who reads beyond it. */
	uint8_t *exact = malloc(current.length ? current.length : 1);
	if (!exact)
		exit(2);
	memcpy(exact, current.bytes, current.length);
	fuzz_one(exact, current.length);
	free(exact);
	alarm(0);
	setitimer(ITIMER_PROF, &none, NULL);
}

int main(int count, char **words)
{
	if (count < 4)
		return 2;
	uint64_t runs = strtoull(words[1], NULL, 10);
	/* The generator needs another state than 0. */
	state = strtoull(words[2], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	report = words[3];
	__sanitizer_set_death_callback(save_input);
	signal(SIGALRM, too_slow);
	signal(SIGPROF, too_slow);
	for (int file = 4; file < count; file++)
		read_seed(words[file]);
	fuzz_begin();
	for (size_t seed = 0; seed < seed_count; seed++) {
		current = seeds[seed];
		run_current();
	}
	for (uint64_t run = 0; run < runs; run++) {
		mutate();
		run_current();
	}
	printf("%" PRIu64 "\n", runs);
	return 0;
}
