/*
 * The system calls that Node has no words for, as functions that return 0 or -errno.
 *
 * The result and its errno travel in one value because ffi.errno() asks for errno in a second call, and whatever runs between the two (a garbage
 * collection) overwrites it. A function of our own also gives a name to pivot_root(2), which libc has none for, and fixes the width of every
 * argument at compile time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static int32_t result(long returned)
{
	return returned < 0 ? -errno : 0;
}

/* mount(2): NULL is allowed where the kernel allows it. */
EXPORT int32_t mountroot_mount(const char *source, const char *target, const char *fstype, uint32_t flags, const char *data)
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

/* syncfs(2) of the file system that holds `path`. Since Linux 5.8 it also reports what could not be written back. */
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
 * execve(2): returns only on failure. Node starts by ignoring SIGPIPE and by marking the standard descriptors close-on-exec (uv_disable_stdio_inheritance);
 * both would reach the new program, which then has no console.
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
