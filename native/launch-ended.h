/*
 * Part of launch.c: what is told of an agent that a signal ended, for example because memory was
 * out. It had no chance to say anything itself. It is told where the agent would have told it: in
 * the kernel log or to the caller, in the journal of this boot, and to those who log in.
 */

/* The agent may be killed while /dev and /tmp are elsewhere, so they are opened before it runs. */
static int kernel_log = -1, records_parent = -1;
/* The journal's bytes before the agent ran. */
static off_t journal_before;

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

static const char *records_name(void)
{
	return strrchr(RECORDS, '/') + 1;
}

static void open_places(void)
{
	char parent[] = RECORDS;
	struct stat journal;
	int records;

	*strrchr(parent, '/') = 0;
	kernel_log = open(KERNEL_LOG, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	records_parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	records = open_records(records_parent, records_name());
	if (records < 0)
		return;
	if (!fstatat(records, JOURNAL, &journal, AT_SYMLINK_NOFOLLOW))
		journal_before = journal.st_size;
	close(records);
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
static int look_at_journal(int file, int *half)
{
	static const char begin[] = "\"type\":\"begin\"";
	char head[4096], last = '\n';
	struct stat now;
	ssize_t length;

	*half = 0;
	if (fstat(file, &now) < 0 || now.st_size == 0)
		return 0;
	*half = pread(file, &last, 1, now.st_size - 1) == 1 && last != '\n';
	length = pread(file, head, sizeof(head), journal_before > now.st_size ? 0 : journal_before);
	return length > 0 && memmem(head, length, begin, sizeof(begin) - 1) != NULL;
}

/* Ends the record of the verb in the journal, and begins it if the agent did not come so far. */
static void record_end(int records, const char *verb, const char *sentence, int status, long begun)
{
	char begin[300] = "", text[900];
	const long now = now_ms();
	int half, length;
	int file = openat(
		records, JOURNAL, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (file < 0)
		return;
	if (!look_at_journal(file, &half))
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
	int records;

	describe_end(sentence, sizeof(sentence), signal);
	tell(sentence);
	if (records_parent < 0)
		return;
	mkdirat(records_parent, records_name(), 0755);
	records = open_records(records_parent, records_name());
	if (records < 0)
		return;
	record_end(records, verb, sentence, 128 + signal, begun);
	if (makes_root)
		leave_notice(records, sentence);
	close(records);
}
