/*
 * launch [VERB [ARG...]]: what a board calls as `mountroot`. It runs the verbs of a boot and most
 * reports from the heaps that were kept when the image was built (src/kept-heap). It runs verbs
 * that take long, and any verb whose heap cannot be used, from the agent's own file.
 *
 * A heap is tied to the Node that wrote it, and to the agent in it. With another Node or another
 * agent it ends before the agent has done anything. The agent's first act is a write to a pipe, so
 * this program knows when that happened, and runs the agent's own file then. It tells the kernel
 * log once what that costs, and MOUNTROOT_HEAP tells the agent. Process 1 never tries a heap,
 * because nobody could start it a second time. Where a signal ends a verb of the boot, this program
 * tells of it (launch-ended.h).
 *
 * A symlink to it with one of RESET_NAMES calls a factory reset, as OpenWrt's program of that name.
 *
 * scripts/agent/launcher.ts defines HOME, NODE, NO_REHASH, HEAP_OPTIONS, NO_WASM, NO_WASM_OPTION,
 * AGENT_FILE, HEAP_FILE, REPORTS_HEAP, BEGUN_FD, BOOT_LIMIT, RECORDS, BOOT_VERBS, ROOT_VERBS,
 * BOOT_OPTIONS, FILE_VERBS, REFUSED, CALLED_AS, RESET_NAMES, KERNEL_LOG, JOURNAL_SCHEMA and
 * VERSION, from the agent's own constants and tables.
 *
 * Exit status: the agent's, or 128 + the signal that ended it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launch-ended.h"

/* The folder of this program. It stays HOME if /proc is missing. */
static char home[PATH_MAX] = HOME;
static char agent[PATH_MAX + 32], heap[PATH_MAX + 32];

static pid_t child;
static volatile sig_atomic_t told;

static void pass_on(int signal)
{
	told = 1;
	if (child > 0)
		kill(child, signal);
}

static void find_home(void)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (length > 0) {
		self[length] = 0;
		slash = strrchr(self, '/');
		if (slash != NULL) {
			*slash = 0;
			strcpy(home, self);
		}
	}
	snprintf(agent, sizeof(agent), "%s/" AGENT_FILE, home);
}

/* The lists end with NULL. */
static const char *const boot_verbs[] = { BOOT_VERBS, NULL };
static const char *const root_verbs[] = { ROOT_VERBS, NULL };
static const char *const boot_options[] = { BOOT_OPTIONS, NULL };
static const char *const file_verbs[] = { FILE_VERBS, NULL };

static int is_in(const char *const *list, const char *word)
{
	for (; *list != NULL; list++)
		if (!strcmp(word, *list))
			return 1;
	return 0;
}

/* The name of a factory reset by which this program was called; NULL for any other name. */
static const char *reset_name(const char *called)
{
	static const char *const names[] = { RESET_NAMES };
	const char *slash = strrchr(called, '/');
	const char *name = slash == NULL ? called : slash + 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return names[i];
	return NULL;
}

/* A call as the scripts of a boot make it. With other options it may be a report (--dry-run). */
static int is_boot_call(int argc, char **argv)
{
	if (argc > 1 && !is_in(boot_verbs, argv[1]))
		return 0;
	for (int i = 2; i < argc; i++)
		if (argv[i][0] == '-' && !is_in(boot_options, argv[i]))
			return 0;
	return 1;
}

/* The heap for this call; NULL if it runs from the agent's file. */
static const char *heap_for(int argc, char **argv)
{
	int verb = 1;

	if (argc > 0 && reset_name(argv[0]) != NULL)
		return NULL;
	if (is_boot_call(argc, argv))
		return HEAP_FILE;
	while (verb < argc && argv[verb][0] == '-')
		verb++;
	return verb < argc && is_in(file_verbs, argv[verb]) ? NULL : REPORTS_HEAP;
}

/*
 * In the early boot nothing may hang: a Node without entropy, for example, would keep the board
 * from its init, and OpenWrt's preinit has no timeout(1). exec(2) keeps the alarm, which ends the
 * program.
 */
static void limit_time(void)
{
	if (getpid() == 1 || getenv("PREINIT") == NULL)
		return;
	signal(SIGALRM, SIG_DFL);
	alarm(BOOT_LIMIT);
}

/* Replaces this program by Node, with these words and then our own arguments. */
static void become(const char *const *words, size_t count, int argc, char **argv)
{
	char **all = calloc(count + argc + 1, sizeof(*all));

	if (all == NULL)
		return;
	limit_time();
	memcpy(all, words, count * sizeof(*all));
	/* A caller may give no words at all, not even the name. */
	if (argc > 0)
		memcpy(all + count, argv + 1, argc * sizeof(*all));
	execv(all[0], all);
}

static int become_agent(int argc, char **argv)
{
	const char *name = argc > 0 ? reset_name(argv[0]) : NULL;
	const char *const words[] = { NODE, NO_REHASH, agent, CALLED_AS, name };

	become(words, name == NULL ? 3 : 5, argc, argv);
	perror("mountroot: cannot run " NODE ", which the agent needs; install Node.js there");
	return 127;
}

static const int PASSED_ON[] = { SIGTERM, SIGINT, SIGHUP };
#define PASSED_COUNT (sizeof(PASSED_ON) / sizeof(*PASSED_ON))

/*
 * Sets what happens at these signals. A signal that whoever called this program wants ignored
 * stays ignored, here and in the child, for exec(2) keeps that.
 */
static void at_signals(void (*handler)(int))
{
	for (size_t i = 0; i < PASSED_COUNT; i++)
		if (signal(PASSED_ON[i], handler) == SIG_IGN)
			signal(PASSED_ON[i], SIG_IGN);
}

/* Where SIGCHLD is ignored, the kernel reaps a child itself, and nobody learns how it ended. */
static void restore_child_signal(void)
{
	sigset_t only;

	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
}

static void run_heap(int argc, char **argv, const int begun[2])
{
	const char *const words[] = { NODE, HEAP_OPTIONS, "--snapshot-blob", heap, agent };
	const char *const quiet[] = { NODE, HEAP_OPTIONS, NO_WASM_OPTION, "--snapshot-blob", heap,
		agent };
	char mark[sizeof(heap)];

	close(begun[0]);
	if (begun[1] != BEGUN_FD && (dup2(begun[1], BEGUN_FD) < 0 || close(begun[1]) < 0))
		_exit(127);
	snprintf(mark, sizeof(mark), "%s/%s", home, NO_WASM);
	if (access(mark, F_OK) == 0)
		become(quiet, sizeof(quiet) / sizeof(*quiet), argc, argv);
	else
		become(words, sizeof(words) / sizeof(*words), argc, argv);
	_exit(127);
}

/* Waits for the child's end. Returns 0, or -1 if nobody can tell how it ended. */
static int wait_for_child(int *status)
{
	while (waitpid(child, status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

enum child_end { NO_CHILD, ENDED, UNKNOWN_END };

/*
 * Runs Node as a child, and waits for its end. It continues from the heap if there is a pipe on
 * which the agent says that it has begun; otherwise it runs the agent's own file.
 */
static enum child_end run_child(int argc, char **argv, const int *begun, int *status)
{
	sigset_t passed, before;
	const pid_t self = getpid();
	int ended;

	/* Until `child` is known, a signal waits. */
	sigemptyset(&passed);
	for (size_t i = 0; i < PASSED_COUNT; i++)
		sigaddset(&passed, PASSED_ON[i]);
	sigprocmask(SIG_BLOCK, &passed, &before);
	at_signals(pass_on);
	child = fork();
	if (child == 0) {
		/* A signal for this group that comes before exec(2) ends the child too. */
		at_signals(SIG_DFL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		/* If a signal kills this program, the agent must end too. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(127);
		if (begun != NULL)
			run_heap(argc, argv, begun);
		_exit(become_agent(argc, argv));
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (child < 0)
		return NO_CHILD;
	ended = wait_for_child(status);
	child = 0;
	return ended < 0 ? UNKNOWN_END : ENDED;
}

/*
 * A key for reports: the environment may come from the other side, and Node obeys some variables
 * before the agent's first line (NODE_OPTIONS, OPENSSL_CONF).
 */
static void forget_environment(void)
{
	static const char *const kept[] = { "SSH_ORIGINAL_COMMAND", "TERM", "NO_COLOR" };
	const char *values[sizeof(kept) / sizeof(*kept)];
	const size_t count = sizeof(kept) / sizeof(*kept);

	for (size_t i = 0; i < count; i++) {
		const char *value = getenv(kept[i]);
		values[i] = value == NULL ? NULL : strdup(value);
	}
	clearenv();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	for (size_t i = 0; i < count; i++)
		if (values[i] != NULL)
			setenv(kept[i], values[i], 1);
}

/* Whether this boot was not told yet. */
static int is_first_to_tell(const char *name)
{
	char mark[NAME_MAX];
	int file, records = -1;

	for (size_t i = 0; records < 0 && i < RECORD_FOLDER_COUNT; i++)
		records = open_records(AT_FDCWD, RECORD_FOLDERS[i]);
	if (records < 0)
		return 0;
	snprintf(mark, sizeof(mark), "%s-refused", name);
	file = openat(records, mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	close(records);
	if (file < 0)
		return 0;
	close(file);
	return 1;
}

/*
 * Tells the kernel log that a heap was refused. A boot makes its root once; of other calls the
 * first one tells. The vain attempt took this long; compiling the agent comes on top.
 */
static void tell_refused(const char *name, int makes_root, long took)
{
	char text[900];
	int log, length;

	setenv(REFUSED, name, 1);
	if (!makes_root && (!strcmp(name, HEAP_FILE) || !is_first_to_tell(name)))
		return;
	log = open(KERNEL_LOG, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (log < 0)
		return;
	length = snprintf(text, sizeof(text),
		"<4>mountroot: %s/%s was refused: another Node or another agent wrote it, or it is "
		"damaged; each %s takes at least %ld ms longer until %s/keep-heap writes a new "
		"one\n",
		home, name, makes_root ? "start" : "report", took, home);
	/* The kernel log is the last place to complain to. */
	if (length < 0 || write(log, text, length) < 0)
		length = 0;
	close(log);
}

static int was_ended_by(int status, int signal)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

/* Whether the agent has begun, or another attempt is vain. */
static int was_tried(const int begun[2], int status)
{
	char byte;

	close(begun[1]);
	fcntl(begun[0], F_SETFL, O_NONBLOCK);
	/*
	 * A heap that used up the time of this boot is not tried in another way. A damaged heap
	 * ends Node, but never by SIGKILL, and where memory is out, the agent's own file needs more
	 * of it.
	 */
	return told || was_ended_by(status, SIGALRM) || was_ended_by(status, SIGKILL) ||
	       read(begun[0], &byte, 1) == 1;
}

/* The exit status of this program, once the agent has ended. */
static int leave(enum child_end end, int status, const char *boot_verb, long begun)
{
	char sentence[300];

	if (end == UNKNOWN_END) {
		fputs("mountroot: it is not known how the agent ended; see `mountroot journal`\n",
			stderr);
		return 1;
	}
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	if (!told && boot_verb != NULL)
		tell_ended(boot_verb, is_in(root_verbs, boot_verb), WTERMSIG(status), begun);
	else if (!told) {
		describe_end(sentence, sizeof(sentence), WTERMSIG(status));
		tell(sentence);
	}
	return 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int begun[2], status = 0;
	enum child_end end;
	const char *name, *boot_verb = NULL;
	long begin;

	find_home();
	restore_child_signal();
	if (argc > 1 && !strcmp(argv[1], "ssh-shell"))
		forget_environment();
	unsetenv(REFUSED);
	name = heap_for(argc, argv);
	if (getpid() == 1 || name == NULL)
		return become_agent(argc, argv);
	begin = now_ms();
	if (!strcmp(name, HEAP_FILE)) {
		boot_verb = argc > 1 ? argv[1] : "start";
		open_places();
	}
	snprintf(heap, sizeof(heap), "%s/%s", home, name);
	if (access(heap, R_OK) == 0 && pipe(begun) == 0) {
		end = run_child(argc, argv, begun, &status);
		if (end != NO_CHILD && was_tried(begun, status))
			return leave(end, status, boot_verb, begin);
		close(begun[0]);
		if (end != NO_CHILD)
			tell_refused(name, boot_verb != NULL && is_in(root_verbs, boot_verb),
				now_ms() - begin);
	}
	if (boot_verb == NULL)
		return become_agent(argc, argv);
	end = run_child(argc, argv, NULL, &status);
	return end == NO_CHILD ? become_agent(argc, argv) : leave(end, status, boot_verb, begin);
}
