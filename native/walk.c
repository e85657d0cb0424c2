/*
 * An init for tests of power cuts. It reads a stream of changes from a disk, brings a flash chip or
 * a disk to each state that the stream asks for, mounts it with the running kernel, and prints what
 * is on it: of each state only what differs from the state before it. Then it powers off.
 *
 * The stream is made by test/harness/walk.ts. It is a line of text, padded with NULs to 512 bytes,
 * and records of four 32-bit little-endian numbers (kind, argument, flags, length) and data.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mtd/mtd-user.h>
#include <mtd/ubi-user.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* FLIP: the bits of a byte fall on the medium after it was brought to the state, as they do on NAND
 * without anybody's doing. */
enum { END, WRITE, CHECK, FLIP };
/* AGENT: the agent's start and done run on the state, on the image that is in /dev/mtdblock2. */
enum { WRITABLE = 1, AGENT = 2 };

static const char *place = "/volume";
static char medium[64], source[64], type[16], options[128];
static uint32_t size, block;
/* What is programmed at once. */
static uint32_t page = 4096;
static int flash, nand, device;
/* The wanted content, and the blocks of the medium that may differ from it. */
static unsigned char *wanted, *found, *stale;

static void die(const char *what)
{
	printf("walk: failed: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	reboot(RB_POWER_OFF);
	exit(1);
}

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

static uint32_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
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

/* A page of ones in which some bits are zeros lets these bits fall, and the ECC stays as it was. */
static void make_flips(void)
{
	unsigned char *bytes = malloc(page);
	if (!bytes)
		die("memory");
	set_mode(MTD_FILE_MODE_RAW);
	for (size_t each = 0; each < flip_count; each++) {
		memset(bytes, 0xff, page);
		bytes[flips[each].at % page] = ~flips[each].bits;
		seek_and(write_some, bytes, flips[each].at - flips[each].at % page, page, "flip");
	}
	set_mode(MTD_FILE_MODE_NORMAL);
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

static int agent_says(const char *verb)
{
	int status = -1;
	pid_t child = fork();
	if (child == 0) {
		int log = open("/tmp/walk.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
		int nothing = open("/dev/null", O_RDONLY);
		dup2(nothing, 0);
		dup2(log, 1);
		dup2(log, 2);
		execl("/usr/sbin/mount_root", "mount_root", verb, NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Prints a file as one line. */
static void print_text(const char *title, const char *path)
{
	int byte;
	FILE *file = fopen(path, "r");
	printf("walk: %s ", title);
	while (file && (byte = fgetc(file)) != EOF)
		putchar(byte == '\n' ? ' ' : byte);
	printf("\n");
	if (file)
		fclose(file);
}

/* The board's root, as the kernel leaves it to preinit. */
static void enter_image(void)
{
	mkdir("/image", 0755);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("/dev/mtdblock2", "/image", "squashfs", MS_RDONLY, NULL) < 0 ||
		chdir("/image") < 0)
		die("the image");
	umount2("/proc", MNT_DETACH);
	umount2("/dev", MNT_DETACH);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		die("the root");
	if (mount("proc", "/proc", "proc", 0, NULL) < 0 ||
		mount("sysfs", "/sys", "sysfs", 0, NULL) < 0 ||
		mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) < 0 ||
		mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") < 0)
		die("the mounts of preinit");
}

/* The agent's own boot path, in a mount namespace of its own. */
static void agent_run(uint32_t id)
{
	uint32_t start = milliseconds();
	enter_image();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("PREINIT", "1", 1);
	int started = agent_says("start");
	unsetenv("PREINIT");
	int confirmed = agent_says("done");
	printf("walk: agent %u start=%d done=%d ms=%u\n", id, started, confirmed,
		milliseconds() - start);
	print_text("json", "/tmp/mountroot/state.json");
	if (started || confirmed)
		print_text("said", "/tmp/walk.log");
	place = "/overlay";
	list(place);
	print_difference();
	printf("walk: end %u\n", id);
	fflush(stdout);
}

/* Whether a thread of jffs2 still collects garbage on the chip. */
static int is_collected(void)
{
	struct dirent *entry;
	int found = 0;
	DIR *folder = opendir("/proc");
	while (folder && (entry = readdir(folder))) {
		char path[300], name[32] = "";
		snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		if (read(fd, name, sizeof name - 1) > 0)
			found |= !strncmp(name, "jffs2_gcd", 9);
		close(fd);
	}
	closedir(folder);
	return found;
}

/* The kernel ends the mounts of a namespace some time after its last process. */
static void wait_for_release(void)
{
	for (int turn = 0; turn < 2000; turn++, usleep(5000)) {
		int32_t number = 0;
		if (!strcmp(type, "ubifs")) {
			int control = open("/dev/ubi_ctrl", O_RDONLY);
			int result = ioctl(control, UBI_IOCDET, &number);
			close(control);
			if (result == 0 || errno == ENODEV || errno == EINVAL)
				return;
		} else if (flash) {
			if (!is_collected())
				return;
		} else {
			int fd = open(medium, O_RDONLY | O_EXCL);
			if (fd >= 0) {
				close(fd);
				return;
			}
		}
	}
	die("the volume is still in use");
}

static void check_agent(uint32_t id)
{
	int status;
	renew();
	fflush(stdout);
	/* Another mount of the image keeps what was read of it in memory. */
	mkdir("/kept", 0755);
	if (mount("/dev/mtdblock2", "/kept", "squashfs", MS_RDONLY, NULL) < 0 && errno != EBUSY)
		die("the image");
	pid_t child = fork();
	if (child == 0) {
		agent_run(id);
		_exit(0);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0)
		die("the agent's run");
	wait_for_release();
	reread();
}

static void check(uint32_t id, uint32_t flags)
{
	const int writable = flags & WRITABLE, ubi = !strcmp(type, "ubifs");
	int attached = 0, mounted = -1, written = -1;
	renew();
	uint32_t start = milliseconds();
	if (ubi)
		attached = attach();
	if (!attached) {
		unsigned long how = MS_NOATIME | (writable ? 0 : MS_RDONLY);
		mounted = mount(source, place, type, how, options) < 0 ? errno : 0;
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
	if (nand)
		page = info.writesize;
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
		else
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
