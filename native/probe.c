/*
 * An init for tests of how a root comes to be: says which program it is and what it finds as its
 * root, each file with what the kernel made of it, and powers off. It is static and opens
 * /dev/console itself, so a ramdisk needs nothing else.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

static uint32_t crc32(const char *path)
{
	uint32_t crc = ~0u;
	unsigned char bytes[4096];
	int fd = open(path, O_RDONLY);
	for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0;)
		for (ssize_t at = 0; at < got; at++) {
			crc ^= bytes[at];
			for (int bit = 0; bit < 8; bit++)
				crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
		}
	close(fd);
	return ~crc;
}

/* Names may hold anything, and a line of the console is a line. */
static void print_name(const char *name)
{
	for (; *name; name++)
		if (*name > ' ' && *name < 0x7f && *name != '\\')
			putchar(*name);
		else
			printf("\\%03o", (unsigned char)*name);
}

static void print_tree(const char *path, dev_t device)
{
	struct dirent **names;
	int count = scandir(*path ? path : "/", &names, NULL, alphasort);
	for (int at = 0; at < count; at++) {
		char inner[PATH_MAX];
		struct stat is;
		if (!strcmp(names[at]->d_name, ".") || !strcmp(names[at]->d_name, ".."))
			continue;
		snprintf(inner, sizeof inner, "%s/%s", path, names[at]->d_name);
		if (lstat(inner, &is) < 0 || is.st_dev != device)
			continue;
		printf("probe: file ");
		print_name(inner);
		printf(" %o %u:%u links=%u time=%lld", is.st_mode, is.st_uid, is.st_gid,
			(unsigned)is.st_nlink, (long long)is.st_mtime);
		if (S_ISREG(is.st_mode))
			printf(" size=%lld crc=%08x", (long long)is.st_size, crc32(inner));
		if (S_ISCHR(is.st_mode) || S_ISBLK(is.st_mode))
			printf(" node=%u:%u", major(is.st_rdev), minor(is.st_rdev));
		if (S_ISLNK(is.st_mode)) {
			char target[PATH_MAX] = "";
			if (readlink(inner, target, sizeof target - 1) > 0) {
				printf(" -> ");
				print_name(target);
			}
		}
		printf("\n");
		if (S_ISDIR(is.st_mode))
			print_tree(inner, device);
	}
}

static void print_file(const char *title, const char *path)
{
	char line[4096];
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file))
		printf("probe: %s %s", title, line);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	struct stat root;
	struct statfs kind;
	mkdir("/proc", 0755);
	int mounted = mount("proc", "/proc", "proc", 0, NULL);
	if (fcntl(1, F_GETFD) < 0) {
		mknod("/console", S_IFCHR | 0600, makedev(5, 1));
		open("/console", O_RDWR);
		dup(0);
		dup(0);
		unlink("/console");
	}
	printf("probe: program %s process %d words", argv[0], getpid());
	for (int at = 1; at < argc; at++)
		printf(" %s", argv[at]);
	printf("\n");
	if (statfs("/", &kind) == 0)
		printf("probe: root type %lx size %llu\n", (unsigned long)(uint32_t)kind.f_type,
			(unsigned long long)kind.f_blocks * kind.f_bsize);
	print_file("cmdline", "/proc/cmdline");
	print_file("mount", "/proc/mounts");
	if (stat("/", &root) == 0)
		print_tree("", root.st_dev);
	printf("probe: end\n");
	fflush(stdout);
	if (mounted == 0)
		umount("/proc");
	if (getpid() != 1)
		return 0;
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
