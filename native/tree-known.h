/* The paths of an archive's entries, to find each in a moment (tree-import.h). */
#pragma once
#include "tree-entries.h"
#include <sys/random.h>

/* What is known of a path. Of entries that are not ordinary, the caller knows more. */
enum { OTHER, OTHER_FOLDER, FILE_HERE, FOLDER_HERE, SYMLINK_HERE };

/* How a directory or a symlink is. Of a file nobody asks that. */
struct look {
	int64_t modified;
	uint32_t mode, uid, gid, modified_ns;
};

struct member {
	uint8_t kind;
	uint16_t path_length, target_length;
	struct look look;
	const char *path, *target;
};

/*
 * A member takes these bytes, then those of its look if it has one, its path, and what a symlink
 * says. There may be very many of them.
 */
struct packed {
	uint16_t path;
	uint8_t target, kind;
};

/* Members are in pieces of memory, which are never moved: to do that takes twice as much. */
#define PIECE_BITS 16
#define PIECE ((size_t)1 << PIECE_BITS)

struct known {
	char **pieces;
	size_t piece_count, piece_room;
	/* Of the last piece. */
	size_t used;
	size_t count;
	/*
	 * Each is 0, or the place of a member, with the number of its piece counted from 1. There
	 * are more than twice as many.
	 */
	uint32_t *slots;
	size_t slot_count;
	/* Nobody can foresee which paths share a slot. */
	uint64_t key[2];
};

#define NOT_KNOWN 0
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

static char *packed_at(const struct known *known, uint32_t place)
{
	return known->pieces[(place >> PIECE_BITS) - 1] + (place & (PIECE - 1));
}

static int has_look(int kind)
{
	return kind == FOLDER_HERE || kind == SYMLINK_HERE;
}

/* Its texts are valid until the end. */
static struct member member_at(const struct known *known, uint32_t place)
{
	const char *at = packed_at(known, place);
	struct member member = { 0 };
	struct packed head;

	memcpy(&head, at, sizeof head);
	at += sizeof head;
	if (has_look(head.kind)) {
		memcpy(&member.look, at, sizeof member.look);
		at += sizeof member.look;
	}
	member.kind = head.kind;
	member.path_length = head.path;
	member.target_length = head.target;
	member.path = at;
	member.target = at + head.path;
	return member;
}

static size_t size_of(const struct member *member)
{
	return sizeof(struct packed) + (has_look(member->kind) ? sizeof member->look : 0) +
	       member->path_length + member->target_length;
}

/* The slot that has a path, or the free one for it. There is a free one. */
static uint32_t *slot_of(const struct known *known, const char *path, size_t length)
{
	size_t at = hash_of(known->key, path, length) & (known->slot_count - 1);

	for (; known->slots[at]; at = (at + 1) & (known->slot_count - 1)) {
		struct member member = member_at(known, known->slots[at]);
		if (member.path_length == length && !memcmp(member.path, path, length))
			break;
	}
	return &known->slots[at];
}

/* The place of a path; NOT_KNOWN if there is none. */
static uint32_t find_known(const struct known *known, const char *path, size_t length)
{
	return known->slot_count == 0 ? NOT_KNOWN : *slot_of(known, path, length);
}

static int more_slots(struct known *known)
{
	struct known next = *known;

	next.slot_count = known->slot_count ? known->slot_count * 2 : FIRST_SLOTS;
	next.slots = calloc(next.slot_count, sizeof *next.slots);
	if (next.slots == NULL ||
		(known->slot_count == 0 && getrandom(next.key, sizeof next.key, 0) < 0)) {
		free(next.slots);
		return -1;
	}
	for (size_t at = 0; at < known->slot_count; at++) {
		if (known->slots[at] == 0)
			continue;
		struct member member = member_at(known, known->slots[at]);
		*slot_of(&next, member.path, member.path_length) = known->slots[at];
	}
	free(known->slots);
	*known = next;
	return 0;
}

/* Makes room for one more. */
static int32_t room_for_known(struct known *known, const struct member *member)
{
	if ((known->count + 1) * 2 >= known->slot_count && more_slots(known) < 0)
		return -ENOMEM;
	if (known->piece_count > 0 && known->used + size_of(member) <= PIECE)
		return 0;
	if (known->piece_count + 1 >= PIECE ||
		grow((void **)&known->pieces, &known->piece_room, known->piece_count + 1,
			sizeof *known->pieces) < 0)
		return -ENOMEM;
	char *piece = malloc(PIECE);
	if (piece == NULL)
		return -ENOMEM;
	known->pieces[known->piece_count++] = piece;
	known->used = 0;
	return 0;
}

/* There is room for it, and its path is not known. Returns its place. */
static uint32_t add_known(struct known *known, const struct member *member)
{
	const struct packed head = { member->path_length, member->target_length, member->kind };
	uint32_t place = (uint32_t)known->piece_count << PIECE_BITS | known->used;
	char *at = packed_at(known, place);

	*slot_of(known, member->path, member->path_length) = place;
	memcpy(at, &head, sizeof head);
	at += sizeof head;
	if (has_look(member->kind)) {
		memcpy(at, &member->look, sizeof member->look);
		at += sizeof member->look;
	}
	memcpy(at, member->path, member->path_length);
	memcpy(at + member->path_length, member->target, member->target_length);
	known->used += size_of(member);
	known->count++;
	return place;
}

/* Changes the kind of a member that is none of ours, to one of those. */
static void change_known(const struct known *known, uint32_t place, int kind)
{
	struct packed head;

	memcpy(&head, packed_at(known, place), sizeof head);
	head.kind = kind;
	memcpy(packed_at(known, place), &head, sizeof head);
}

static void free_known(struct known *known)
{
	while (known->piece_count > 0)
		free(known->pieces[--known->piece_count]);
	free(known->pieces);
	free(known->slots);
}
