/*
 * System calls that Node does not offer, as functions that return -errno, or 0, or a positive
 * result.
 *
 * The result and errno are one value, because ffi.errno() would read errno in a second call. Code
 * that runs between the two calls, such as a garbage collection, overwrites errno. A function of
 * our own also gives a name to pivot_root(2), which libc lacks, and fixes the width of every
 * argument at compile time.
 */
#define _GNU_SOURCE
/* Without these, times past 2038 and files past 2 GiB do not fit on 32 bits. */
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <mtd/mtd-user.h>
#include <mtd/ubi-user.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static int32_t result(long returned)
{
	return returned < 0 ? -errno : 0;
}

/* mount(2): NULL is allowed where the kernel allows it. */
EXPORT int32_t mountroot_mount(const char *source, const char *target, const char *fstype,
	uint32_t flags, const char *data)
{
	return result(mount(source, target, fstype, flags, data));
}

/* umount2(2) */
EXPORT int32_t mountroot_umount(const char *target, int32_t flags)
{
	return result(umount2(target, flags));
}

/* pivot_root(2) */
EXPORT int32_t mountroot_pivot_root(const char *new_root, const char *put_old)
{
	return result(syscall(SYS_pivot_root, new_root, put_old));
}

/* chroot(2) */
EXPORT int32_t mountroot_chroot(const char *path)
{
	return result(chroot(path));
}

/* syncfs(2) of the file system with `path`. Since Linux 5.8 it also reports earlier failures to
 * write data back. */
EXPORT int32_t mountroot_syncfs(const char *path)
{
	/* Without O_NONBLOCK a FIFO would wait for its writer. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int32_t done = result(syncfs(fd));
	close(fd);
	return done;
}

/*
 * execve(2): returns only on failure. At its start, Node ignores SIGPIPE and marks the standard
 * descriptors close-on-exec (uv_disable_stdio_inheritance). Without our changes, the new program
 * would inherit both and have no console.
 */
EXPORT int32_t mountroot_execve(const char *path, char *const argv[], char *const envp[])
{
	for (int fd = 0; fd <= 2; fd++)
		fcntl(fd, F_SETFD, 0);
	void (*before)(int) = signal(SIGPIPE, SIG_DFL);
	int32_t failed = result(execve(path, argv, envp));
	signal(SIGPIPE, before);
	return failed;
}

/* exit_group(2) at once: without destructors, and without Node's teardown. */
EXPORT void mountroot_exit(int32_t status)
{
	_exit(status);
}

/* renameat2(2) with its flags, which Node does not offer. */
EXPORT int32_t mountroot_rename(const char *from, const char *to, uint32_t flags)
{
	return result(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}

/*
 * Maps a file for shared writing, and unmaps it at once: mmap(2), which Node does not offer. It
 * stores nothing.
 */
EXPORT int32_t mountroot_map_shared(const char *path)
{
	int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0)
		return -errno;
	void *place = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	int32_t failed = place == MAP_FAILED ? -errno : 0;
	if (!failed)
		munmap(place, 1);
	close(file);
	return failed;
}

/* mknod(2). FIFOs and sockets ignore major and minor. */
EXPORT int32_t mountroot_mknod(
	const char *path, uint32_t mode, uint32_t major_number, uint32_t minor_number)
{
	return result(mknod(path, mode, makedev(major_number, minor_number)));
}

/* utimensat(2) of the modification time only. Node's own times are floating-point seconds, which
 * are too coarse for nanoseconds. */
EXPORT int32_t mountroot_set_modified(const char *path, int64_t seconds, uint32_t nanoseconds)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = seconds, .tv_nsec = nanoseconds } };
	return result(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static int32_t length(ssize_t returned)
{
	return returned < 0 ? -errno : (int32_t)returned;
}

/* llistxattr(2). The names end with a NUL each. Returns their length in bytes. */
EXPORT int32_t mountroot_list_attributes(const char *path, char *names, uint32_t room)
{
	return length(llistxattr(path, names, room));
}

/* lgetxattr(2) */
EXPORT int32_t mountroot_get_attribute(
	const char *path, const char *name, void *value, uint32_t room)
{
	return length(lgetxattr(path, name, value, room));
}

/* lsetxattr(2) */
EXPORT int32_t mountroot_set_attribute(
	const char *path, const char *name, const void *value, uint32_t bytes)
{
	return result(lsetxattr(path, name, value, bytes, 0));
}

/* ENOTSUPP of include/linux/errno.h. It is not meant for user space, but some drivers return it. */
#define KERNEL_ENOTSUPP 524

static int32_t erase_block(int fd, uint64_t start, uint64_t bytes)
{
	__kernel_loff_t offset = start;
	int bad = ioctl(fd, MEMGETBADBLOCK, &offset);
	if (bad > 0)
		return 0;
	if (bad < 0 && errno != EOPNOTSUPP)
		return -errno;
	/* The call takes 32 bits only, but no chip that locks its blocks is larger. A chip
	 * without locks reports this in one of three ways. */
	struct erase_info_user locked = { .start = start, .length = bytes };
	if (start + bytes <= UINT32_MAX && ioctl(fd, MEMUNLOCK, &locked) < 0 &&
		errno != EOPNOTSUPP && errno != EROFS && errno != KERNEL_ENOTSUPP)
		return -errno;
	struct erase_info_user64 block = { .start = start, .length = bytes };
	return ioctl(fd, MEMERASE64, &block) < 0 ? -errno : 1;
}

/* Erases one block of flash. Returns 1, or 0 for a bad block of NAND, which it skips. Some chips
 * lock their blocks at power-on, so it unlocks the block first. */
EXPORT int32_t mountroot_erase_block(const char *path, uint64_t start, uint64_t bytes)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	int32_t done = erase_block(fd, start, bytes);
	close(fd);
	return done;
}

/* UBI_IOCATT. The kernel chooses the device number, and the offset of the header in NAND blocks. */
EXPORT int32_t mountroot_attach_ubi(const char *control, int32_t mtd)
{
	int fd = open(control, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	struct ubi_attach_req request = { .ubi_num = UBI_DEV_NUM_AUTO, .mtd_num = mtd };
	int32_t done = result(ioctl(fd, UBI_IOCATT, &request));
	close(fd);
	return done;
}

/*
 * UBI_IOCEBISMAP and UBI_IOCEBER on a UBI volume. Returns 0 if nothing is mapped there. The kernel
 * waits for the erasing, so that the old content cannot come back after a power cut.
 */
EXPORT int32_t mountroot_erase_leb(const char *volume, int32_t leb)
{
	int fd = open(volume, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	int32_t mapped = ioctl(fd, UBI_IOCEBISMAP, &leb);
	int32_t done = mapped < 0 ? -errno : mapped;
	if (mapped > 0)
		done = ioctl(fd, UBI_IOCEBER, &leb) < 0 ? -errno : 1;
	close(fd);
	return done;
}

/* How often a loop device is tried again that somebody else took or still reads (EAGAIN). */
#define LOOP_TRIES 64

/* The first loop device that nobody uses. Kernels without loop-control have eight of them. */
static int free_loop(void)
{
	char path[32];
	struct loop_info64 info;
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (control >= 0) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		int failed = errno;
		close(control);
		return number < 0 ? -failed : number;
	}
	int32_t failed = -errno;
	for (int number = 0; number < 8; number++) {
		snprintf(path, sizeof path, "/dev/loop%d", number);
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		int used = ioctl(fd, LOOP_GET_STATUS64, &info) == 0 || errno != ENXIO;
		close(fd);
		if (!used)
			return number;
		failed = -EBUSY;
	}
	return failed;
}

/* OpenWrt's fstools recognise the loop device by the name and the offset. */
static int32_t set_loop(int loop, int disk, const char *name, uint64_t offset)
{
	struct loop_info64 info = { .lo_offset = offset, .lo_flags = LO_FLAGS_AUTOCLEAR };
	snprintf((char *)info.lo_file_name, sizeof info.lo_file_name, "%s", name);
	if (ioctl(loop, LOOP_SET_FD, disk) < 0)
		return -errno;
	int32_t done = result(ioctl(loop, LOOP_SET_STATUS64, &info));
	for (int tries = 0; done == -EAGAIN && tries < LOOP_TRIES; tries++) {
		usleep(10000);
		done = result(ioctl(loop, LOOP_SET_STATUS64, &info));
	}
	if (done < 0)
		ioctl(loop, LOOP_CLR_FD, 0);
	return done;
}

static int32_t open_loop(int disk, const char *name, uint64_t offset)
{
	char path[32];
	for (int tries = 0;; tries++) {
		int number = free_loop();
		if (number < 0)
			return number;
		snprintf(path, sizeof path, "/dev/loop%d", number);
		int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return -errno;
		int32_t done = set_loop(fd, disk, name, offset);
		/* The descriptor stays open until this process ends: without an opener or a mount,
		 * the kernel frees the device (LO_FLAGS_AUTOCLEAR). */
		if (done == 0)
			return number;
		close(fd);
		if (done != -EBUSY || tries == LOOP_TRIES)
			return done;
	}
}

/* Shows a disk from `offset` on as a loop device, and returns its number. A disk that refuses
 * writes is shown read-only. */
EXPORT int32_t mountroot_attach_loop(const char *name, uint64_t offset)
{
	struct stat stat;
	int fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && (errno == EROFS || errno == EACCES))
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	int32_t done = fstat(fd, &stat) < 0 ? -errno : 0;
	if (done == 0)
		done = S_ISBLK(stat.st_mode) ? open_loop(fd, name, offset) : -ENOTBLK;
	close(fd);
	return done;
}

/* Runs a program without a shell, and waits for it. Returns its exit status, or 128 and the signal
 * that ended it, as a shell does. */
EXPORT int32_t mountroot_run(const char *path, char *const argv[], char *const envp[])
{
	pid_t pid;
	int status;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t pipe;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &pipe);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	/* It must not wait for answers, and its messages are not ours. */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	int failed = posix_spawn(&pid, path, &actions, &attributes, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (failed)
		return -failed;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Creates and locks a file. Returns the open file, or -errno. */
static int open_locked(const char *path)
{
	struct stat stat;
	int32_t failed = 0;
	int fd = open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) < 0)
		failed = -errno;
	else if (!S_ISREG(stat.st_mode) || stat.st_uid != geteuid() || stat.st_nlink != 1)
		failed = -EPERM;
	else if (((stat.st_mode & 0077) && fchmod(fd, 0600) < 0) ||
		 flock(fd, LOCK_EX | LOCK_NB) < 0)
		failed = -errno;
	if (!failed)
		return fd;
	close(fd);
	return failed;
}

/*
 * flock(2) on a file, which it creates if necessary. The lock lasts until this process ends,
 * because nothing here closes the file. Whoever can open a file can lock it, so only its owner may.
 */
EXPORT int32_t mountroot_lock(const char *path)
{
	int fd = open_locked(path);

	return fd < 0 ? fd : 0;
}

/*
 * A thread for the time in which a call blocks the only JavaScript thread. It reports the call on
 * the kernel log and feeds the watchdog. The first text or watchdog creates it, so a start without
 * slow calls does not pay for it. Nobody joins it: it ends with the process.
 */
#define FEED_MS 1000
#define LONGEST_TEXT 700

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int running;
	int watchdog;
	char text[LONGEST_TEXT];
	char log[PATH_MAX];
	int64_t every_ms;
	/* How many times `every_ms` had passed at the last report. */
	int64_t told;
	struct timespec since;
} alive = { .mutex = PTHREAD_MUTEX_INITIALIZER, .watchdog = -1 };

static int64_t elapsed_ms(const struct timespec *since)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000LL + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static struct timespec in_ms(int64_t wait)
{
	struct timespec then;
	clock_gettime(CLOCK_MONOTONIC, &then);
	then.tv_sec += wait / 1000;
	then.tv_nsec += wait % 1000 * 1000000;
	if (then.tv_nsec >= 1000000000) {
		then.tv_sec++;
		then.tv_nsec -= 1000000000;
	}
	return then;
}

/* Writes one record with one write(2). The caller holds the mutex. This releases it while
 * writing, because printk() may wait for a slow serial line. */
static void tell(int64_t ms)
{
	char line[LONGEST_TEXT + 80], log[PATH_MAX];
	int bytes = snprintf(line, sizeof line, "<6>mountroot: still at it after %lld s: %s\n",
		(long long)(ms / 1000), alive.text);
	strcpy(log, alive.log);
	pthread_mutex_unlock(&alive.mutex);
	int fd = open(log, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	/* Standard error may be a pipe that nobody reads. A thread that waits for it could not
	 * feed the watchdog. */
	struct pollfd error = { .fd = STDERR_FILENO, .events = POLLOUT };
	if (fd >= 0 || poll(&error, 1, 0) == 1) {
		ssize_t written = write(fd >= 0 ? fd : STDERR_FILENO, line, bytes);
		(void)written;
	}
	if (fd >= 0)
		close(fd);
	pthread_mutex_lock(&alive.mutex);
}

static void *keep_alive(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&alive.mutex);
	for (;;) {
		int64_t wait = INT64_MAX;
		if (alive.watchdog >= 0) {
			ssize_t fed = write(alive.watchdog, "", 1);
			(void)fed;
			wait = FEED_MS;
		}
		if (alive.text[0]) {
			int64_t ms = elapsed_ms(&alive.since);
			if (ms / alive.every_ms > alive.told) {
				alive.told = ms / alive.every_ms;
				tell(ms);
				continue;
			}
			int64_t left = (alive.told + 1) * alive.every_ms - ms;
			wait = left < wait ? left : wait;
		}
		if (wait == INT64_MAX) {
			pthread_cond_wait(&alive.changed, &alive.mutex);
		} else {
			struct timespec then = in_ms(wait);
			pthread_cond_timedwait(&alive.changed, &alive.mutex, &then);
		}
	}
	return NULL;
}

/* The caller holds the mutex. */
static int32_t wake(void)
{
	if (alive.running) {
		pthread_cond_signal(&alive.changed);
		return 0;
	}
	/* The monotonic clock, unlike the time of day, does not jump when somebody sets the
	 * time. */
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&alive.changed, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* Only Node's own threads handle signals. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_t thread;
	int failed = pthread_create(&thread, &attributes, keep_alive, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	alive.running = !failed;
	return -failed;
}

/* A record of the kernel log must be one line. */
static void set_text(const char *text)
{
	snprintf(alive.text, sizeof alive.text, "%s", text);
	for (char *at = alive.text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
}

/* From now on, reports `text` on `log` at this interval. NULL ends the reports. A new text in
 * place of another describes the progress of the same call, so the time continues. */
EXPORT int32_t mountroot_during(const char *text, const char *log, uint32_t every_ms)
{
	int32_t done = 0;
	pthread_mutex_lock(&alive.mutex);
	int begins = text && !alive.text[0];
	set_text(text ? text : "");
	if (begins) {
		snprintf(alive.log, sizeof alive.log, "%s", log);
		alive.every_ms = every_ms > 0 ? every_ms : 1;
		alive.told = 0;
		clock_gettime(CLOCK_MONOTONIC, &alive.since);
		done = wake();
	}
	pthread_mutex_unlock(&alive.mutex);
	return done;
}

/* The caller holds the mutex. Without the magic character 'V', closing does not stop the timer
 * (Documentation/watchdog/watchdog-api.rst). */
static void disarm(void)
{
	if (alive.watchdog < 0)
		return;
	ssize_t disarmed = write(alive.watchdog, "V", 1);
	(void)disarmed;
	close(alive.watchdog);
	alive.watchdog = -1;
}

/* Opens a watchdog and feeds it once a second from then on. NULL disarms and closes it. */
EXPORT int32_t mountroot_watchdog(const char *path)
{
	int32_t done = 0;
	pthread_mutex_lock(&alive.mutex);
	disarm();
	if (path) {
		alive.watchdog = open(path, O_WRONLY | O_CLOEXEC);
		done = alive.watchdog < 0 ? -errno : wake();
		/* Opening starts the timer. If nobody feeds the watchdog, it resets the board. */
		if (done < 0)
			disarm();
	}
	pthread_mutex_unlock(&alive.mutex);
	return done;
}

#include "maintain.h"
