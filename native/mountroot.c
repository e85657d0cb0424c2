/*
 * The system calls that Node has no words for, as functions that return 0 or -errno.
 *
 * The result and its errno travel in one value because ffi.errno() asks for errno in a second call, and whatever runs between the two (a garbage
 * collection) overwrites it. A function of our own also gives a name to pivot_root(2), which libc has none for, and fixes the width of every
 * argument at compile time.
 */
#define _GNU_SOURCE
#include <errno.h>
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
