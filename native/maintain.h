/*
 * Runs a program on a file system that is opened for writing in a mount namespace of its own, and
 * makes it read-only again at its end, also when this process is killed.
 *
 *   this process ── guard      waits until this process is gone, kills the rest, closes
 *               └── outer      in the new mount namespace; dies with this process
 *                   └── first  process 1 of a new PID namespace: what is left dies with it
 *                       └── the program, whose root is the file system
 *
 * The program's root is another than that of process 1, by which systemd's tools see that they must
 * not talk to the running services.
 */
#include <sched.h>
#include <sys/prctl.h>

enum stage { AT_LOCK = 1, AT_PROCESS, AT_NAMESPACE, AT_WRITABLE, AT_BIND, AT_PROGRAM };

#define ERRNOS 4096
#define CLOSING_TRIES 100
#define CLOSING_WAIT_MS 100
#define DROPS_EVERY 20
#define MOST_FDS 4096

struct maintenance {
	const char *root;
	const char *lock;
	/* "ro" if the root is made read-only at the end. */
	const char *closing;
	/* Pairs of a source and a target; the source "proc" is a new proc. */
	char *const *binds;
	char *const *argv;
	char **envp;
	int lock_fd;
	/* Its end shows the guard that this process is gone. */
	int alive[2];
	/* An error before the program runs. */
	int report[2];
};

static int32_t at(enum stage stage, int error)
{
	return -(int32_t)(stage * ERRNOS + error);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void write_to(const char *path, const char *text)
{
	int log = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);

	if (log < 0)
		return;
	if (write(log, text, strlen(text)) < 0) {
		/* There is nobody else to tell. */
	}
	close(log);
}

/* Returns 0, or the errno of the last try: a file that was removed may still be in use. */
static int close_root(const struct maintenance *what)
{
	int error = 0;

	if (strcmp(what->closing, "ro"))
		return 0;
	for (int tries = 0; tries < CLOSING_TRIES; tries++) {
		if (!mount(NULL, what->root, NULL, MS_REMOUNT | MS_RDONLY, NULL))
			return 0;
		error = errno;
		if (error != EBUSY)
			break;
		/* The overlay keeps what it knew of files that were replaced. */
		if (tries % DROPS_EVERY == 0)
			write_to("/proc/sys/vm/drop_caches", "2");
		poll(NULL, 0, CLOSING_WAIT_MS);
	}
	write_to("/dev/kmsg",
		"<4>mountroot: the file system below the root could not be made read-only\n");
	return error;
}

static void sync_root(const char *root)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	syncfs(fd);
	close(fd);
}

/* Its exit status is the errno with which the root could not be closed. */
static void guard(const struct maintenance *what)
{
	pid_t outer = 0;
	pid_t told;
	int nothing;

	setsid();
	for (int number = 1; number < 32; number++)
		signal(number, SIG_IGN);
	/* Whoever reads the output of this process must not wait for the guard. */
	nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && nothing >= 0; fd++)
		dup2(nothing, fd);
	for (int fd = 3; fd < MOST_FDS; fd++)
		if (fd != what->alive[0] && fd != what->lock_fd)
			close(fd);
	for (;;) {
		ssize_t got = read(what->alive[0], &told, sizeof told);
		if (got == sizeof told)
			outer = told;
		else if (got == 0 || errno != EINTR)
			break;
	}
	if (outer > 0)
		kill(outer, SIGKILL);
	sync_root(what->root);
	_exit(close_root(what));
}

static void report_failure(const struct maintenance *what, enum stage stage)
{
	int32_t code = at(stage, errno);

	if (write(what->report[1], &code, sizeof code) < 0) {
		/* The exit status says it too. */
	}
	_exit(127);
}

static void default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int number = 1; number < 32; number++)
		signal(number, SIG_DFL);
}

static void run_program(const struct maintenance *what)
{
	default_signals();
	if (chroot(what->root) < 0 || chdir("/") < 0)
		report_failure(what, AT_NAMESPACE);
	/* Node marks the descriptors that it inherited to be closed. */
	for (int fd = 0; fd < 3; fd++)
		fcntl(fd, F_SETFD, 0);
	environ = what->envp;
	execvp(what->argv[0], what->argv);
	report_failure(what, AT_PROGRAM);
}

/* Process 1 waits for all orphans, and ends with the program. */
static void first_process(const struct maintenance *what)
{
	int status;
	pid_t program;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (char *const *bind = what->binds; bind[0] && bind[1]; bind += 2)
		if (!strcmp(bind[0], "proc") &&
			mount("proc", bind[1], "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
			report_failure(what, AT_BIND);
	program = fork();
	if (program < 0)
		report_failure(what, AT_PROCESS);
	if (program == 0)
		run_program(what);
	close(what->report[1]);
	for (;;) {
		pid_t ended = wait(&status);
		if (ended == program)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		if (ended < 0 && errno != EINTR)
			_exit(255);
	}
}

static void outer_process(const struct maintenance *what, pid_t parent)
{
	pid_t first;

	close(what->alive[1]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(255);
	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		report_failure(what, AT_NAMESPACE);
	if (mount(NULL, what->root, NULL, MS_REMOUNT, NULL) < 0)
		report_failure(what, AT_WRITABLE);
	for (char *const *bind = what->binds; bind[0] && bind[1]; bind += 2)
		if (strcmp(bind[0], "proc") &&
			mount(bind[0], bind[1], NULL, MS_BIND | MS_REC, NULL) < 0)
			report_failure(what, AT_BIND);
	first = fork();
	if (first < 0)
		report_failure(what, AT_PROCESS);
	if (first == 0)
		first_process(what);
	close(what->report[1]);
	_exit(wait_for(first));
}

/* Waits for the program. The terminal's ^C is for the program, and not for this process. */
static int32_t attend(struct maintenance *what, pid_t outer)
{
	struct sigaction ignored = { .sa_handler = SIG_IGN }, interrupt, quit;
	int32_t code = 0;
	int status;
	ssize_t got;

	sigaction(SIGINT, &ignored, &interrupt);
	sigaction(SIGQUIT, &ignored, &quit);
	if (write(what->alive[1], &outer, sizeof outer) < 0)
		kill(outer, SIGKILL);
	while ((got = read(what->report[0], &code, sizeof code)) < 0 && errno == EINTR)
		;
	status = wait_for(outer);
	outer = 0;
	if (write(what->alive[1], &outer, sizeof outer) < 0)
		code = at(AT_PROCESS, errno);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return got == sizeof code ? code : status;
}

static int32_t run_guarded(struct maintenance *what)
{
	pid_t self = getpid(), guarding, outer;
	int32_t code;
	int closing;

	guarding = fork();
	if (guarding < 0)
		return at(AT_PROCESS, errno);
	if (guarding == 0) {
		close(what->alive[1]);
		guard(what);
	}
	outer = fork();
	if (outer == 0)
		outer_process(what, self);
	code = outer < 0 ? at(AT_PROCESS, errno) : 0;
	close(what->report[1]);
	what->report[1] = -1;
	if (outer > 0)
		code = attend(what, outer);
	close(what->alive[1]);
	what->alive[1] = -1;
	closing = wait_for(guarding);
	return code < 0 ? code : code + 256 * closing;
}

static void close_all(struct maintenance *what)
{
	int fds[] = { what->lock_fd, what->alive[0], what->alive[1], what->report[0],
		what->report[1] };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/*
 * @words the root, the lock, "ro" or "", and pairs of sources and targets to bind. Returns the
 * program's exit status, plus 256 times the errno with which the root could not be closed, or
 * -(stage * 4096 + errno) if the program did not run.
 */
EXPORT int32_t mountroot_maintain(char *const words[], char *const argv[], char *envp[])
{
	struct maintenance what = { .root = words[0],
		.lock = words[1],
		.closing = words[2],
		.binds = words + 3,
		.argv = argv,
		.envp = envp,
		.alive = { -1, -1 },
		.report = { -1, -1 } };
	int32_t code;

	what.lock_fd = open_locked(what.lock);
	if (what.lock_fd < 0)
		return at(AT_LOCK, -what.lock_fd);
	if (pipe2(what.alive, O_CLOEXEC) < 0 || pipe2(what.report, O_CLOEXEC) < 0)
		code = at(AT_PROCESS, errno);
	else
		code = run_guarded(&what);
	close_all(&what);
	return code;
}

/* What this process itself changes, while the guard waits. */
static struct maintenance here;
static pid_t guard_of_here;

/* Returns 0, or the errno with which the root could not be closed. */
EXPORT int32_t mountroot_close_below(void)
{
	int closing = 0;

	if (here.alive[1] >= 0)
		close(here.alive[1]);
	here.alive[1] = -1;
	if (guard_of_here > 0)
		closing = wait_for(guard_of_here);
	guard_of_here = 0;
	close_all(&here);
	here.alive[0] = here.lock_fd = -1;
	return closing;
}

/*
 * Opens the root for writing for this thread alone, in a mount namespace of its own.
 * @words as above, without pairs. Returns 0 or -(stage * 4096 + errno).
 */
EXPORT int32_t mountroot_open_below(char *const words[])
{
	int32_t code = 0;

	here = (struct maintenance){ .root = words[0],
		.lock = words[1],
		.closing = words[2],
		.alive = { -1, -1 },
		.report = { -1, -1 } };
	here.lock_fd = open_locked(here.lock);
	if (here.lock_fd < 0)
		return at(AT_LOCK, -here.lock_fd);
	if (pipe2(here.alive, O_CLOEXEC) < 0 || (guard_of_here = fork()) < 0)
		code = at(AT_PROCESS, errno);
	else if (guard_of_here == 0) {
		close(here.alive[1]);
		guard(&here);
	}
	if (!code &&
		(unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		code = at(AT_NAMESPACE, errno);
	if (!code && mount(NULL, here.root, NULL, MS_REMOUNT, NULL) < 0)
		code = at(AT_WRITABLE, errno);
	if (code)
		mountroot_close_below();
	return code;
}
