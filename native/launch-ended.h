/*
 * Part of launch.c: what is told of an agent that a signal ended, for example because memory was
 * out. It had no chance to say anything itself. It is told where the agent would have told it: in
 * the kernel log or to the caller, in the journal of this boot, and to those who log in.
 */

/* A folder that may hold the records of this boot. See recordFolder in src/facts/own-files.ts. */
struct records {
	const char *path;
	/* What it is in. */
	int parent;
	/* Whether that is a file system in memory. */
	int in_memory;
	/* The journal's bytes before the agent ran. */
	off_t before;
};

static const char *const RECORD_FOLDERS[] = { RECORDS };
#define RECORD_FOLDER_COUNT (sizeof(RECORD_FOLDERS) / sizeof(*RECORD_FOLDERS))

/* The agent may be killed while /dev and /tmp are elsewhere, so they are opened before it runs. */
static int kernel_log = -1;
static struct records folders[RECORD_FOLDER_COUNT];

static const char JOURNAL[] = "journal.ndjson", NOTICE[] = "notice";

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

/* Opens the folder of the records. Nobody but root may have made it. -1 if there is none such. */
static int open_records(int parent, const char *name)
{
	struct stat folder;
	int records = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (records < 0)
		return -1;
	if (!fstat(records, &folder) && folder.st_uid == 0 && !(folder.st_mode & 022))
		return records;
	close(records);
	return -1;
}

static const char *name_in_parent(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Opens the folder, which may have moved since. -1 if there is none of root's. */
static int open_there(const struct records *folder)
{
	return folder->parent < 0 ? -1 : open_records(folder->parent, name_in_parent(folder->path));
}

/* The type of the field differs between processors. */
static int is_memory(uint32_t type)
{
	return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

static void open_places(void)
{
	kernel_log = open(KERNEL_LOG, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; i < RECORD_FOLDER_COUNT; i++) {
		struct records *folder = &folders[i];
		char parent[PATH_MAX];
		struct statfs medium;
		struct stat journal;
		int records;

		folder->path = RECORD_FOLDERS[i];
		snprintf(parent, sizeof(parent), "%s", folder->path);
		*strrchr(parent, '/') = 0;
		folder->parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		folder->in_memory = folder->parent >= 0 && !fstatfs(folder->parent, &medium) &&
				    is_memory(medium.f_type);
		records = open_there(folder);
		if (records < 0)
			continue;
		if (!fstatat(records, JOURNAL, &journal, AT_SYMLINK_NOFOLLOW))
			folder->before = journal.st_size;
		close(records);
	}
}

static int has_journal(const struct records *folder)
{
	const int records = open_there(folder);
	int found;

	if (records < 0)
		return 0;
	found = !faccessat(records, JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW);
	close(records);
	return found;
}

/* The folder of this boot: the one with its journal, or the one that the agent would make. */
static const struct records *records_of_boot(void)
{
	const struct records *last = &folders[RECORD_FOLDER_COUNT - 1];

	for (size_t i = 0; i < RECORD_FOLDER_COUNT; i++)
		if (has_journal(&folders[i]))
			return &folders[i];
	/* Out of an initramfs only the move of the last one is certain. */
	for (size_t i = 0; getpid() != 1 && i < RECORD_FOLDER_COUNT; i++)
		if (folders[i].in_memory)
			return &folders[i];
	return last;
}

/* Early in the boot nobody reads what a program prints. */
static int is_early(void)
{
	const char *log = getenv("MOUNTROOT_LOG");

	return getenv("PREINIT") != NULL || (log != NULL && !strcmp(log, "kmsg"));
}

static void tell(const char *sentence)
{
	char line[400];
	int length = snprintf(line, sizeof(line), "<3>mountroot: %s\n", sentence);

	if (!is_early() || kernel_log < 0 || write(kernel_log, line, length) < 0)
		fputs(line + strlen("<3>"), stderr);
}

/* How often the kernel has killed a program for want of memory since it started; 0 if unknown. */
static long killed_for_memory(void)
{
	static const char name[] = "oom_kill ";
	char line[80];
	long count = 0;
	FILE *counters = fopen("/proc/vmstat", "re");

	if (counters == NULL)
		return 0;
	while (fgets(line, sizeof(line), counters) != NULL)
		if (!strncmp(line, name, sizeof(name) - 1))
			count = atol(line + sizeof(name) - 1);
	fclose(counters);
	return count;
}

/* Writes what a signal did. The sentence has no character that JSON would escape. */
static void describe_end(char *text, size_t size, int signal)
{
	/* The kernel sends the one where memory is out, Node aborts where its heap is full. */
	const int by_memory = signal == SIGKILL || signal == SIGABRT;
	const long killed = signal == SIGKILL ? killed_for_memory() : 0;
	char counted[90] = "";

	if (killed > 0)
		snprintf(counted, sizeof(counted),
			": the kernel has killed %ld program%s for want of memory since it started",
			killed, killed == 1 ? "" : "s");
	snprintf(text, size, "signal %d ended the agent before it was done%s%s", signal,
		by_memory ? ", perhaps because memory is short" : "", counted);
}

/* Whether the agent has written the beginning of its record. A killed one leaves half a line. */
static int look_at_journal(int file, off_t before, int *half)
{
	static const char begin[] = "\"type\":\"begin\"";
	char head[4096], last = '\n';
	struct stat now;
	ssize_t length;

	*half = 0;
	if (fstat(file, &now) < 0 || now.st_size == 0)
		return 0;
	*half = pread(file, &last, 1, now.st_size - 1) == 1 && last != '\n';
	length = pread(file, head, sizeof(head), before > now.st_size ? 0 : before);
	return length > 0 && memmem(head, length, begin, sizeof(begin) - 1) != NULL;
}

/* Ends the record of the verb in the journal, and begins it if the agent did not come so far. */
static void record_end(
	int records, off_t before, const char *verb, const char *sentence, int status, long begun)
{
	char begin[300] = "", text[900];
	const long now = now_ms();
	int half, length;
	int file = openat(
		records, JOURNAL, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (file < 0)
		return;
	if (!look_at_journal(file, before, &half))
		snprintf(begin, sizeof(begin),
			"{\"type\":\"begin\",\"schema\":\"" JOURNAL_SCHEMA
			"\",\"verb\":\"%s\",\"version\":\"" VERSION
			"\",\"node\":\"unknown\",\"at\":%ld}\n",
			verb, begun);
	length = snprintf(text, sizeof(text),
		"%s%s{\"type\":\"end\",\"ok\":false,\"exit\":%d,\"error\":\"%s\",\"warnings\":[],"
		"\"at\":%ld,\"ms\":%ld}\n",
		half ? "\n" : "", begin, status, sentence, now, now - begun);
	/* The kernel log tells it too. */
	if (write(file, text, length) < 0)
		perror("mountroot: the journal");
	close(file);
}

/* Tells those who log in. The file is replaced as a whole. */
static void leave_notice(int records, const char *sentence)
{
	static const char next[] = "notice.next";
	char text[400];
	const int length =
		snprintf(text, sizeof(text), "mountroot: %s; see the kernel log\n", sentence);
	int file;

	unlinkat(records, next, 0);
	file = openat(records, next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (file < 0)
		return;
	if (write(file, text, length) == length)
		renameat(records, next, records, NOTICE);
	close(file);
}

/* Says that a signal ended a verb of the boot. */
static void tell_ended(const char *verb, int makes_root, int signal, long begun)
{
	char sentence[300];
	const struct records *folder = records_of_boot();
	int records;

	describe_end(sentence, sizeof(sentence), signal);
	tell(sentence);
	if (folder->parent < 0)
		return;
	mkdirat(folder->parent, name_in_parent(folder->path), 0755);
	records = open_there(folder);
	if (records < 0)
		return;
	record_end(records, folder->before, verb, sentence, 128 + signal, begun);
	if (makes_root)
		leave_notice(records, sentence);
	close(records);
}
