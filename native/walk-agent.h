/* Runs the agent's boot path on the volume, as preinit and init do. */
#ifndef WALK_AGENT_H
#define WALK_AGENT_H

#include "walk-list.h"
#include "walk-medium.h"

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

#endif
