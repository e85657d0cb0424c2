/*
 * Makes an ext2 file system in a file, for src/ramdisk/ext2.ts. It uses e2fsprogs' own library,
 * with one call per member. mke2fs -d takes no owner, and makes device nodes only as root. debugfs
 * has a command language that cannot express every name. Only the workstation needs this.
 *
 * The same calls make the same bytes: the caller gives all times, the UUID is fixed, nothing is
 * random. Results are 0 or more, or -1; then ext2_message() tells why.
 */
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXPORT __attribute__((visibility("default")))

static struct image {
	ext2_filsys fs;
	/* The file that is open for writing. */
	ext2_file_t file;
	ext2_ino_t filling;
} * images[8];
static const int slots = sizeof images / sizeof *images;
static errcode_t failure;

static int32_t fail(errcode_t code)
{
	failure = code;
	return -1;
}

EXPORT const char *ext2_message(void)
{
	return error_message(failure);
}

static struct image *at(int32_t slot)
{
	return slot >= 0 && slot < slots ? images[slot] : NULL;
}

/* The file system itself uses inodes 1 to 10. */
static errcode_t lay_out(ext2_filsys fs)
{
	errcode_t code = ext2fs_allocate_tables(fs);
	if (code)
		return code;
	ext2fs_inode_alloc_stats2(fs, EXT2_BAD_INO, +1, 0);
	code = ext2fs_mkdir(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, NULL);
	for (ext2_ino_t inode = EXT2_ROOT_INO + 1; inode < EXT2_FIRST_INODE(fs->super); inode++)
		ext2fs_inode_alloc_stats2(fs, inode, +1, 0);
	return code;
}

static const uint8_t uuid[16] = { 0x6d, 0x6f, 0x75, 0x6e, 0x74, 0x72, 0x4f, 0x6f, 0x84, 0x2d, 0x72,
	0x61, 0x6d, 0x64, 0x73, 0x6b };

/* `path` must exist and have the length of the file system. Blocks are 1 KiB, because the kernel
 * expects this size when it looks for an image-initrd (init/do_mounts_rd.c). */
EXPORT int32_t ext2_create(const char *path, uint32_t blocks, uint32_t inodes, uint32_t time)
{
	initialize_ext2_error_table();
	int slot = 0;
	while (slot < slots && images[slot])
		slot++;
	struct image *image = slot < slots ? calloc(1, sizeof *image) : NULL;
	if (!image)
		return fail(EXT2_ET_NO_MEMORY);
	struct ext2_super_block super = {
		.s_blocks_count = blocks,
		.s_inodes_count = inodes,
		.s_rev_level = EXT2_DYNAMIC_REV,
		.s_inode_size = EXT2_GOOD_OLD_INODE_SIZE,
		.s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE,
		.s_feature_ro_compat =
			EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE,
	};
	errcode_t code =
		ext2fs_initialize(path, EXT2_FLAG_64BITS, &super, unix_io_manager, &image->fs);
	if (code) {
		free(image);
		return fail(code);
	}
	ext2_filsys fs = image->fs;
	fs->now = time;
	fs->super->s_mkfs_time = fs->super->s_lastcheck = fs->super->s_wtime = time;
	fs->super->s_max_mnt_count = -1;
	fs->super->s_checkinterval = 0;
	/* The flags tell only whether this machine's compiler has a signed char, for hashes that
	 * we do not use. */
	fs->super->s_flags = 0;
	memcpy(fs->super->s_uuid, uuid, sizeof uuid);
	images[slot] = image;
	code = lay_out(fs);
	return code ? fail(code) : slot;
}

static errcode_t settle(struct image *image)
{
	errcode_t code = image->file ? ext2fs_file_close(image->file) : 0;
	image->file = NULL;
	image->filling = 0;
	return code;
}

static int type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return EXT2_FT_DIR;
	case S_IFLNK:
		return EXT2_FT_SYMLINK;
	case S_IFCHR:
		return EXT2_FT_CHRDEV;
	case S_IFBLK:
		return EXT2_FT_BLKDEV;
	case S_IFIFO:
		return EXT2_FT_FIFO;
	case S_IFSOCK:
		return EXT2_FT_SOCK;
	default:
		return EXT2_FT_REG_FILE;
	}
}

static errcode_t enter(
	ext2_filsys fs, ext2_ino_t parent, const char *name, ext2_ino_t inode, int type)
{
	errcode_t code = ext2fs_link(fs, parent, name, inode, type);
	if (code != EXT2_ET_DIR_NO_SPACE)
		return code;
	code = ext2fs_expand_dir(fs, parent);
	return code ? code : ext2fs_link(fs, parent, name, inode, type);
}

static void set_owner(
	struct ext2_inode *inode, uint32_t mode, uint32_t uid, uint32_t gid, uint32_t time)
{
	inode->i_mode = mode;
	inode->i_uid = uid & 0xffff, inode->osd2.linux2.l_i_uid_high = uid >> 16;
	inode->i_gid = gid & 0xffff, inode->osd2.linux2.l_i_gid_high = gid >> 16;
	inode->i_atime = inode->i_mtime = inode->i_ctime = time;
}

/* Writes the number as the kernel does (old_encode_dev and new_encode_dev,
 * include/linux/kdev_t.h). */
static void set_device(struct ext2_inode *inode, uint32_t major, uint32_t minor)
{
	if (major < 256 && minor < 256)
		inode->i_block[0] = major << 8 | minor;
	else
		inode->i_block[1] = (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

/* mkdir and symlink need a second try after the directory has room for the name. */
static errcode_t make(ext2_filsys fs, ext2_ino_t parent, const char *name, uint32_t mode,
	const char *target, ext2_ino_t inode)
{
	for (int again = 0;; again = 1) {
		errcode_t code = S_ISDIR(mode) ? ext2fs_mkdir(fs, parent, inode, name)
					       : ext2fs_symlink(fs, parent, inode, name, target);
		if (code != EXT2_ET_DIR_NO_SPACE || again)
			return code;
		if ((code = ext2fs_expand_dir(fs, parent)))
			return code;
	}
}

/* Returns the inode's number. `mode` includes the file type. */
EXPORT int32_t ext2_add(int32_t slot, uint32_t parent, const char *name, uint32_t mode,
	uint32_t uid, uint32_t gid, uint32_t time, uint32_t major, uint32_t minor,
	const char *target)
{
	struct image *image = at(slot);
	if (!image)
		return fail(EXT2_ET_INVALID_ARGUMENT);
	ext2_filsys fs = image->fs;
	struct ext2_inode inode = { .i_links_count = 1 };
	ext2_ino_t number;
	errcode_t code = settle(image);
	if (!code)
		code = ext2fs_new_inode(fs, parent, (int)mode, NULL, &number);
	if (code)
		return fail(code);
	if (S_ISDIR(mode) || S_ISLNK(mode)) {
		code = make(fs, parent, name, mode, target, number);
		if (!code)
			code = ext2fs_read_inode(fs, number, &inode);
		if (code)
			return fail(code);
		set_owner(&inode, mode, uid, gid, time);
		code = ext2fs_write_inode(fs, number, &inode);
		return code ? fail(code) : (int32_t)number;
	}
	set_owner(&inode, mode, uid, gid, time);
	if (S_ISCHR(mode) || S_ISBLK(mode))
		set_device(&inode, major, minor);
	code = enter(fs, parent, name, number, type_of(mode));
	if (!code)
		code = ext2fs_write_new_inode(fs, number, &inode);
	if (code)
		return fail(code);
	ext2fs_inode_alloc_stats2(fs, number, +1, 0);
	return (int32_t)number;
}

/* Adds another name. */
EXPORT int32_t ext2_link(int32_t slot, uint32_t parent, const char *name, uint32_t number)
{
	struct image *image = at(slot);
	struct ext2_inode inode;
	if (!image)
		return fail(EXT2_ET_INVALID_ARGUMENT);
	errcode_t code = settle(image);
	if (!code)
		code = ext2fs_read_inode(image->fs, number, &inode);
	/* This is the kernel's limit (fs/ext2/ext2.h). The library has a larger one, for ext4. */
	if (!code && inode.i_links_count >= 32000)
		code = EXT2_ET_INVALID_ARGUMENT;
	if (!code)
		code = enter(image->fs, parent, name, number, type_of(inode.i_mode));
	if (code)
		return fail(code);
	inode.i_links_count++;
	code = ext2fs_write_inode(image->fs, number, &inode);
	return code ? fail(code) : 0;
}

/* Appends bytes to a file. */
EXPORT int32_t ext2_append(int32_t slot, uint32_t number, const uint8_t *bytes, uint32_t length)
{
	struct image *image = at(slot);
	if (!image)
		return fail(EXT2_ET_INVALID_ARGUMENT);
	errcode_t code = 0;
	if (image->filling != number) {
		code = settle(image);
		if (!code)
			code = ext2fs_file_open(image->fs, number, EXT2_FILE_WRITE, &image->file);
		if (!code)
			image->filling = number;
	}
	for (unsigned written = 0; !code && length > 0; bytes += written, length -= written)
		code = ext2fs_file_write(image->file, bytes, length, &written);
	return code ? fail(code) : 0;
}

/* Sets owner, mode and time of an existing file: the root directory. */
EXPORT int32_t ext2_set(
	int32_t slot, uint32_t number, uint32_t mode, uint32_t uid, uint32_t gid, uint32_t time)
{
	struct image *image = at(slot);
	struct ext2_inode inode;
	if (!image)
		return fail(EXT2_ET_INVALID_ARGUMENT);
	errcode_t code = settle(image);
	if (!code)
		code = ext2fs_read_inode(image->fs, number, &inode);
	if (code)
		return fail(code);
	set_owner(&inode, mode, uid, gid, time);
	code = ext2fs_write_inode(image->fs, number, &inode);
	return code ? fail(code) : 0;
}

/* Writes all pending data, unless `keep` is 0, which discards the image. */
EXPORT int32_t ext2_close(int32_t slot, int32_t keep)
{
	struct image *image = at(slot);
	if (!image)
		return fail(EXT2_ET_INVALID_ARGUMENT);
	images[slot] = NULL;
	errcode_t code = settle(image);
	if (keep && !code)
		code = ext2fs_close_free(&image->fs);
	else
		ext2fs_free(image->fs);
	free(image);
	return code ? fail(code) : 0;
}
