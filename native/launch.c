/*
 * launch [VERB [ARG...]]: what a board calls as `mountroot`. The verbs of a boot are run from the
 * heap that was kept when the image was built (src/kept-heap); everything else, and those too where
 * that heap cannot be used, by the agent's own file.
 *
 * A heap is tied to the very Node that wrote it, and to the agent it was written of: with another
 * one it ends, in one way or another, before the agent has done anything. What the agent does first
 * is writing to a pipe, so this program knows, and calls the agent's own file then. As process 1 it
 * is not tried: nobody could call again.
 *
 * Exit status: the agent's, or 128 + the signal that ended it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where this program is; HOME, where it belongs, while there is no /proc to tell. */
static char home[PATH_MAX] = HOME;
static char agent[PATH_MAX + 32], heap[PATH_MAX + 32];

/* Where the agent finds the pipe (src/kept-heap/resume.ts). */
#define BEGUN_FD 3

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
	snprintf(agent, sizeof(agent), "%s/mountroot.cjs", home);
	snprintf(heap, sizeof(heap), "%s/boot.heap", home);
}

static int is_boot_verb(const char *word)
{
	static const char *const verbs[] = { "start", "ram", "done", "stop" };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(word, verbs[i]))
			return 1;
	return 0;
}

/* Replaces this program by Node with these words and then the ones we were called with. */
static void become(const char *const *words, size_t count, int argc, char **argv)
{
	char **all = calloc(count + argc + 1, sizeof(*all));

	if (all == NULL)
		return;
	memcpy(all, words, count * sizeof(*all));
	memcpy(all + count, argv + 1, argc * sizeof(*all));
	execv(all[0], all);
}

static int become_agent(int argc, char **argv)
{
	const char *const words[] = { NODE, "--no-rehash-snapshot", agent };

	become(words, 3, argc, argv);
	perror("mountroot: cannot run " NODE ", which the agent needs; install Node.js there");
	return 127;
}

static void run_heap(int argc, char **argv, const int begun[2])
{
	const char *const words[] = { NODE, HEAP_FLAGS, "--snapshot-blob", heap, agent };

	/* Whoever kills this program means the agent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(begun[0]);
	if (begun[1] != BEGUN_FD && (dup2(begun[1], BEGUN_FD) < 0 || close(begun[1]) < 0))
		_exit(127);
	become(words, sizeof(words) / sizeof(*words), argc, argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	int begun[2], status;
	char byte;

	find_home();
	if (getpid() == 1 || (argc > 1 && !is_boot_verb(argv[1])) || access(heap, R_OK) < 0 ||
		pipe(begun) < 0)
		return become_agent(argc, argv);
	signal(SIGTERM, pass_on);
	signal(SIGINT, pass_on);
	signal(SIGHUP, pass_on);
	child = fork();
	if (child < 0)
		return become_agent(argc, argv);
	if (child == 0)
		run_heap(argc, argv, begun);
	close(begun[1]);
	/* It came before there was anybody to pass it on to. */
	if (told)
		kill(child, SIGTERM);
	while (waitpid(child, &status, 0) < 0)
		;
	child = 0;
	fcntl(begun[0], F_SETFL, O_NONBLOCK);
	if (!told && read(begun[0], &byte, 1) != 1) {
		close(begun[0]);
		return become_agent(argc, argv);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
