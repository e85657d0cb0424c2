/*
 * An init for tests of power cuts. It reads a stream of changes from a disk, brings a flash chip or
 * a disk to each state that the stream asks for, mounts it with the running kernel, and prints what
 * is on it: of each state only what differs from the state before it. Then it powers off.
 *
 * The stream is made by test/harness/walk.ts. It is a line of text, padded with NULs to 512 bytes,
 * and records of four 32-bit little-endian numbers (kind, argument, flags, length) and data.
 */
#include "walk-agent.h"
#include "walk-list.h"
#include "walk-medium.h"

/* FLIP: the bits of a byte fall on the medium after it was brought to the state, as they do on NAND
 * without anybody's doing. KEEP: the medium stays as the last check left it. */
enum { END, WRITE, CHECK, FLIP, KEEP };
/* AGENT: the agent's start and done run on the state, on the image that is in /dev/mtdblock2. */
enum { WRITABLE = 1, AGENT = 2 };

/* Whether a file can be written, synced and read back. */
static int try_write(void)
{
	char path[PATH_MAX], back[8] = "";
	snprintf(path, sizeof path, "%s/.walk", place);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int good = fd >= 0 && write(fd, "written", 8) == 8 && fsync(fd) == 0 &&
		   pread(fd, back, 8, 0) == 8 && !memcmp(back, "written", 8);
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (unlink(path) < 0 && good)
		return errno;
	return good ? 0 : error;
}

static int mount_volume(int writable)
{
	unsigned long how = MS_NOATIME | (writable ? 0 : MS_RDONLY);
	return mount(source, place, type, how, options) < 0 ? errno : 0;
}

static void check(uint32_t id, uint32_t flags)
{
	const int ubi = !strcmp(type, "ubifs");
	int writable = flags & WRITABLE;
	int attached = 0, mounted = -1, written = -1;
	renew();
	uint32_t start = milliseconds();
	if (ubi)
		attached = attach();
	if (!attached) {
		mounted = mount_volume(writable);
		/* UBIFS makes a file system, or goes on with making one, only if it may write. */
		if (mounted && !writable) {
			writable = WRITABLE;
			mounted = mount_volume(writable);
		}
	}
	if (mounted == 0) {
		list(place);
		if (writable)
			written = try_write();
		if (umount(place) < 0)
			die("umount");
	}
	if (ubi && !attached)
		detach();
	printf("walk: state %u attach=%d mount=%d write=%d ms=%u\n", id, attached, mounted, written,
		milliseconds() - start);
	print_difference();
	printf("walk: end %u\n", id);
	fflush(stdout);
	if (writable || ubi || !flash)
		reread();
}

static void take(FILE *stream, void *bytes, size_t length)
{
	if (fread(bytes, 1, length, stream) != length)
		die("the stream ends too early");
}

static void open_console(void)
{
	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir(place, 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(console, fd);
}

static void *room_for(size_t length)
{
	void *bytes = malloc(length);
	if (!bytes)
		die("memory");
	return bytes;
}

static void open_medium(const char *head)
{
	if (sscanf(head, "walk 1 %63s %63s %15s %u %u %127s", medium, source, type, &size, &block,
		    options) != 6 ||
		!block || size % block)
		die("the stream's head");
	if (!strcmp(options, "-"))
		options[0] = '\0';
	flash = !strncmp(medium, "/dev/mtd", 8);
	device = open(medium, O_RDWR);
	if (device < 0)
		die(medium);
	struct mtd_info_user info;
	nand = flash && ioctl(device, MEMGETINFO, &info) == 0 && info.type == MTD_NANDFLASH;
	if (nand) {
		page = info.writesize;
		spare = info.oobsize;
	}
	wanted = room_for(size);
	found = room_for(size);
	stale = room_for(size / block);
	reread();
	memcpy(wanted, found, size);
}

int main(void)
{
	char head[512];
	open_console();
	FILE *stream = fopen("/dev/vda", "r");
	if (!stream)
		die("/dev/vda");
	take(stream, head, sizeof head);
	open_medium(head);
	for (;;) {
		uint32_t record[4];
		take(stream, record, sizeof record);
		const uint32_t at = record[1], length = record[3];
		if (record[0] == END)
			break;
		if (record[0] == CHECK && record[2] & AGENT)
			check_agent(at);
		else if (record[0] == CHECK)
			check(at, record[2]);
		else if (record[0] == WRITE && length && length <= size && at <= size - length) {
			take(stream, wanted + at, length);
			memset(stale + at / block, 1, (at + length - 1) / block - at / block + 1);
		} else if (record[0] == FLIP && at < size &&
			   flip_count < sizeof flips / sizeof *flips)
			flips[flip_count++] = (struct flip){ at, record[2] };
		else if (record[0] == KEEP) {
			reread();
			memcpy(wanted, found, size);
		} else
			die("a record of the stream");
	}
	/* A state that was only looked at must be as it was. */
	renew();
	reread();
	if (!nand && memcmp(wanted, found, size))
		die("a mount for reading has written");
	printf("walk: done\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
