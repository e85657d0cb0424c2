/* Brings the flash chip or the disk to a content, and attaches UBI. */
#ifndef WALK_MEDIUM_H
#define WALK_MEDIUM_H

#include "walk-common.h"

static void seek_and(ssize_t (*move)(int, void *, size_t), unsigned char *bytes, uint32_t at,
	uint32_t length, const char *what)
{
	if (lseek(device, at, SEEK_SET) < 0)
		die("lseek");
	for (uint32_t done = 0; done < length;) {
		ssize_t got = move(device, bytes + done, length - done);
		if (got <= 0)
			die(what);
		done += got;
	}
}

static ssize_t write_some(int fd, void *bytes, size_t length)
{
	return write(fd, bytes, length);
}

static int is_blank(const unsigned char *bytes, uint32_t length)
{
	return bytes[0] == 0xff && !memcmp(bytes, bytes + 1, length - 1);
}

/* Programs the parts of a flash block that differ; it erases the block first if a bit must rise. */
static void renew_flash(uint32_t at)
{
	loff_t place_of_block = at;
	int rises = nand;
	if (nand && ioctl(device, MEMGETBADBLOCK, &place_of_block) > 0)
		return;
	for (uint32_t byte = at; byte < at + block && !rises; byte++)
		rises = wanted[byte] & ~found[byte];
	if (rises) {
		struct erase_info_user erase = { at, block };
		if (ioctl(device, MEMERASE, &erase) < 0)
			die("erase");
		memset(found + at, 0xff, block);
	}
	for (uint32_t part = at; part < at + block; part += page)
		if (memcmp(wanted + part, found + part, page) && !is_blank(wanted + part, page))
			seek_and(write_some, wanted + part, part, page, "program");
	memcpy(found + at, wanted + at, block);
}

struct flip {
	uint32_t at, bits;
};
static struct flip flips[4096];
static size_t flip_count;

static void set_mode(unsigned long mode)
{
	if (nand && ioctl(device, MTDFILEMODE, mode) < 0)
		die("the mode of the chip");
}

/* A page of ones in which some bits are zeros lets these bits fall, and the ECC stays as it was.
 * The simulator takes only whole pages with their spare bytes. */
static void make_flips(void)
{
	unsigned char *bytes = malloc(page + spare);
	if (!bytes)
		die("memory");
	for (size_t each = 0; each < flip_count; each++) {
		struct mtd_write_req request = { .start = flips[each].at - flips[each].at % page,
			.len = page,
			.ooblen = spare,
			.usr_data = (uintptr_t)bytes,
			.usr_oob = (uintptr_t)(bytes + page),
			.mode = MTD_OPS_RAW };
		memset(bytes, 0xff, page + spare);
		bytes[flips[each].at % page] = ~flips[each].bits;
		if (ioctl(device, MEMWRITE, &request) < 0)
			die("flip");
	}
	flip_count = 0;
	free(bytes);
}

/* Brings the medium to the wanted content. */
static void renew(void)
{
	for (uint32_t at = 0; at < size; at += block) {
		if (!stale[at / block] || !memcmp(wanted + at, found + at, block))
			continue;
		if (flash)
			renew_flash(at);
		else {
			seek_and(write_some, wanted + at, at, block, "write");
			memcpy(found + at, wanted + at, block);
		}
	}
	memset(stale, 0, size / block);
	make_flips();
	if (!flash && (fsync(device) < 0 || ioctl(device, BLKFLSBUF, 0) < 0))
		die("flush");
}

/* Learns what a mount has changed. */
static void reread(void)
{
	if (!flash)
		ioctl(device, BLKFLSBUF, 0);
	set_mode(MTD_FILE_MODE_RAW);
	seek_and(read, found, 0, size, "read");
	set_mode(MTD_FILE_MODE_NORMAL);
	memset(stale, 1, size / block);
}

static int ubi_number(void)
{
	const char *digits = medium + strcspn(medium, "0123456789");
	return atoi(digits);
}

static int attach(void)
{
	struct ubi_attach_req request = { .ubi_num = 0, .mtd_num = ubi_number() };
	int control = open("/dev/ubi_ctrl", O_RDONLY);
	int result = ioctl(control, UBI_IOCATT, &request) < 0 ? errno : 0;
	close(control);
	return result;
}

static void detach(void)
{
	int32_t number = 0;
	int control = open("/dev/ubi_ctrl", O_RDONLY);
	if (ioctl(control, UBI_IOCDET, &number) < 0)
		die("detach");
	close(control);
}

#endif
