/* What all parts of the walk share: see walk.c. */
#ifndef WALK_COMMON_H
#define WALK_COMMON_H

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

static const char *place = "/volume";
static char medium[64], source[64], type[16], options[128];
static uint32_t size, block;
/* What is programmed at once, and its spare bytes. */
static uint32_t page = 4096, spare;
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

static uint32_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
