/* The paths of an archive's entries, to find each in a moment (tree-import.h). */
#pragma once
#include "tree-entries.h"
#include <sys/random.h>

/* An entry of the archive, or a directory that its entries are made in. */
struct member {
	/* Where its path is in the texts; behind it is what a symlink says. */
	uint32_t text;
	uint16_t path, target;
	uint32_t mode, uid, gid, modified_ns;
	int64_t modified;
	/* 0: the caller has it. */
	int is_ours;
};

struct known {
	struct member *members;
	size_t count, room;
	char *texts;
	size_t used, texts_room;
	/* Each is 0, or the number of a member, counted from 1. There are more than twice as many.
	 */
	uint32_t *slots;
	size_t slot_count;
	/* Nobody can foresee which paths share a slot. */
	uint64_t key[2];
};

#define NOT_KNOWN SIZE_MAX
#define FIRST_SLOTS 1024

static uint64_t turned(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

/* The round of SipHash (Aumasson and Bernstein, 2012). */
static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = turned(v[1], 13) ^ v[0];
	v[0] = turned(v[0], 32);
	v[2] += v[3];
	v[3] = turned(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = turned(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = turned(v[1], 17) ^ v[2];
	v[2] = turned(v[2], 32);
}

/* SipHash-1-3 of a path. */
static uint64_t hash_of(const uint64_t key[2], const char *path, size_t length)
{
	uint64_t v[4] = { key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d), key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573) };
	uint64_t last = (uint64_t)length << 56;

	for (size_t at = 0; at + 8 <= length; at += 8) {
		uint64_t word;
		memcpy(&word, path + at, sizeof word);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	memcpy(&last, path + (length & ~(size_t)7), length & 7);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int round = 0; round < 3; round++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot that has a path, or the free one for it. There is a free one. */
static uint32_t *slot_of(const struct known *known, const char *path, size_t length)
{
	size_t at = hash_of(known->key, path, length) & (known->slot_count - 1);

	for (;; at = (at + 1) & (known->slot_count - 1)) {
		uint32_t number = known->slots[at];
		if (number == 0)
			return &known->slots[at];
		const struct member *member = &known->members[number - 1];
		if (member->path == length && !memcmp(known->texts + member->text, path, length))
			return &known->slots[at];
	}
}

static size_t find_known(const struct known *known, const char *path, size_t length)
{
	return known->slot_count == 0 ? NOT_KNOWN : (size_t)*slot_of(known, path, length) - 1;
}

static int more_slots(struct known *known)
{
	size_t count = known->slot_count ? known->slot_count * 2 : FIRST_SLOTS;
	uint32_t *slots = calloc(count, sizeof *slots);

	if (slots == NULL ||
		(known->slot_count == 0 && getrandom(known->key, sizeof known->key, 0) < 0)) {
		free(slots);
		return -1;
	}
	free(known->slots);
	known->slots = slots;
	known->slot_count = count;
	for (size_t number = 0; number < known->count; number++) {
		const struct member *member = &known->members[number];
		*slot_of(known, known->texts + member->text, member->path) = number + 1;
	}
	return 0;
}

/* Makes room for one more, with so many bytes of texts. */
static int32_t room_for_known(struct known *known, size_t texts)
{
	if (known->used + texts > UINT32_MAX ||
		grow((void **)&known->members, &known->room, known->count + 1,
			sizeof *known->members) < 0 ||
		grow((void **)&known->texts, &known->texts_room, known->used + texts, 1) < 0 ||
		((known->count + 1) * 2 >= known->slot_count && more_slots(known) < 0))
		return -ENOMEM;
	return 0;
}

/* There is room for it, and its path is not known. */
static void add_known(
	struct known *known, const struct member *member, const char *path, const char *target)
{
	struct member *added = &known->members[known->count];

	*slot_of(known, path, member->path) = known->count + 1;
	*added = *member;
	added->text = known->used;
	memcpy(known->texts + known->used, path, member->path);
	memcpy(known->texts + known->used + member->path, target, member->target);
	known->used += member->path + member->target;
	known->count++;
}

static void free_known(struct known *known)
{
	free(known->members);
	free(known->texts);
	free(known->slots);
}
