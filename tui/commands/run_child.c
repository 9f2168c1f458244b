/*
 * Starting, signalling and waiting for the command of pagetop run; see run_child.h.
 */
#include "tui/commands/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/kernel/readers.h"
#include "tui/now.h"
#include "tui/options.h"
#include "tui/worker.h"

#define SECOND      1000000000ull
#define GENERATIONS 64 /* that are gone back to tell whether a process comes from ours */

/* ---- starting --------------------------------------------------------------------------------------------------- */

int ui_child_prepare(struct ui_child *child, struct pt_kernel *k)
{
	struct sigaction waits = {.sa_handler = SIG_DFL};
	sigset_t mask;
	*child = (struct ui_child){.k = k, .signals = -1};
	ui_block_signals(&child->before);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	sigaction(SIGCHLD, &waits, &child->sigchld); /* who ignores it has nobody to wait for */
	child->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (child->signals < 0)
		return -errno;
	return prctl(PR_SET_CHILD_SUBREAPER, 1) ? -errno : 0;
}

/* What the child tells before it becomes the command: what it has resident, then why it could not. */
struct word {
	uint64_t floor;
	int error;
};

/* Until it may go on; where pagetop ends instead, so does this. */
static void wait_beside(int fd)
{
	char go;
	ssize_t n;
	while ((n = read(fd, &go, 1)) < 0 && errno == EINTR)
		;
	if (n != 1)
		_exit(UI_RUN_FAILED);
}

static _Noreturn void become(const struct ui_child *child, const struct ui_child_setup *setup, const int *ends)
{
	struct rusage own;
	struct word word = {0};
	int tell = ends[1];
	close(ends[0]);
	if (setup->beside)
		wait_beside(tell);
	for (int i = 0; i < 3; i++)
		if (setup->streams[i] >= 0)
			dup2(setup->streams[i], i);
	if (setup->in_child)
		setup->in_child(setup->arg);
	sigaction(SIGCHLD, &child->sigchld, NULL);
	pthread_sigmask(SIG_SETMASK, &child->before, NULL);
	getrusage(RUSAGE_SELF, &own);
	word.floor = (uint64_t)own.ru_maxrss * 1024;
	send(tell, &word, sizeof(word), MSG_NOSIGNAL); /* whether pagetop still lives or not */
	execvpe(setup->argv[0], setup->argv, setup->environment ? setup->environment : environ);
	word.error = errno;
	send(tell, &word, sizeof(word), MSG_NOSIGNAL);
	_exit(UI_RUN_CANNOT_START);
}

/* Its words until exec closes the socket. */
static int hear(struct ui_child *child, int fd)
{
	struct word word = {0};
	ssize_t n;
	while ((n = read(fd, &word, sizeof(word))) > 0 || (n < 0 && errno == EINTR))
		if (n == (ssize_t)sizeof(word))
			child->floor = word.floor;
	return word.error;
}

/* What is to be done beside the child that waits for it. */
static int do_beside(struct ui_child *child, const struct ui_child_setup *setup, int fd)
{
	if (!setup->beside)
		return UI_OK;
	int status = setup->beside(setup->arg, child->pid);
	if (status == UI_OK)
		send(fd, "", 1, MSG_NOSIGNAL); /* should it be gone: hear() and waiting tell */
	return status;
}

int ui_child_start(struct ui_child *child, const struct ui_child_setup *setup, int *ret_error)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		*ret_error = errno;
		return UI_RUN_FAILED;
	}
	child->monotonic_ns = ui_now(CLOCK_MONOTONIC);
	child->pid = fork();
	if (child->pid == 0)
		become(child, setup, ends);
	*ret_error = errno;
	close(ends[1]);
	if (child->pid < 0) {
		close(ends[0]);
		return UI_RUN_FAILED;
	}
	int status = do_beside(child, setup, ends[0]);
	int error = status == UI_OK ? hear(child, ends[0]) : 0;
	close(ends[0]);
	if (status != UI_OK) {
		waitpid(child->pid, NULL, 0);
		*ret_error = 0;
		return status;
	}
	if (!error)
		return UI_OK;
	waitpid(child->pid, NULL, 0);
	*ret_error = error;
	return error == ENOENT ? UI_RUN_NOT_FOUND : UI_RUN_CANNOT_START;
}

/* ---- signals ---------------------------------------------------------------------------------------------------- */

/* What a process of the command sends reaches us by its group, in which the command is. */
static bool comes_from_us(const struct ui_child *child, pid_t pid)
{
	pid_t own = getpid();
	for (int i = 0; i < GENERATIONS && pid > 0; i++) {
		if (pid == own)
			return true;
		if (pt_read_parent(child->k, pid, &pid))
			return false;
	}
	return false;
}

/* The kernel tells a hangup to the leader of the session alone. */
static bool for_us_alone(const struct signalfd_siginfo *info)
{
	return info->ssi_signo == SIGHUP && getsid(0) == getpid();
}

static void pass_on(struct ui_child *child, const struct signalfd_siginfo *info)
{
	int signal = (int)info->ssi_signo;
	bool ends = signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
	if (child->ended_ns) {
		child->asked_to_end = ends ? signal : child->asked_to_end;
		return;
	}
	if (info->ssi_code == SI_KERNEL ? !for_us_alone(info) : comes_from_us(child, (pid_t)info->ssi_pid))
		return;
	if (info->ssi_code == SI_QUEUE)
		sigqueue(child->pid, signal, (union sigval){.sival_ptr = (void *)(uintptr_t)info->ssi_ptr});
	else
		kill(child->pid, signal);
}

/* Stops as the command did, until somebody continues us, which then goes for the command as well. */
static void stop_along(struct ui_child *child, int signal)
{
	struct sigaction stops = {.sa_handler = SIG_DFL}, before;
	sigset_t one;
	int terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0 || (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU)) {
		if (terminal >= 0)
			close(terminal);
		return;
	}
	close(terminal);
	sigemptyset(&one);
	sigaddset(&one, signal);
	sigaction(signal, &stops, &before);
	raise(signal);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL); /* here it stops */
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	sigaction(signal, &before, NULL);
	kill(child->pid, SIGCONT);
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static uint64_t cpu_of(const struct rusage *ru)
{
	return ((uint64_t)ru->ru_utime.tv_sec + (uint64_t)ru->ru_stime.tv_sec) * SECOND +
	       ((uint64_t)ru->ru_utime.tv_usec + (uint64_t)ru->ru_stime.tv_usec) * 1000;
}

static void take_end(struct ui_child *child, const siginfo_t *info, const struct rusage *ru, ui_ended_fn ended,
		     void *arg)
{
	int status = info->si_code == CLD_EXITED   ? (info->si_status & 0xff) << 8
		     : info->si_code == CLD_DUMPED ? info->si_status | 0x80
						   : info->si_status;
	uint64_t max_rss = (uint64_t)ru->ru_maxrss * 1024, faults;
	bool root = info->si_pid == child->pid && !child->ended_ns;
	/* what the kernel counts is the largest of it, of its children, and of us before exec */
	bool its_own = pt_read_child_faults(child->k, info->si_pid, &faults) == 0 && faults == 0 &&
		       (!root || max_rss > child->floor);
	if (root) {
		child->ended_ns = ui_now(CLOCK_MONOTONIC);
		child->status = status;
		child->max_rss = max_rss;
		child->cpu_ns = cpu_of(ru);
	}
	ended(arg, info->si_pid, status, its_own ? max_rss : 0);
	waitpid(info->si_pid, NULL, 0);
}

static void take_ends(struct ui_child *child, ui_ended_fn ended, void *arg)
{
	for (;;) {
		siginfo_t info = {0};
		struct rusage ru = {0};
		/* glibc's waitid has no rusage */
		if (syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT, &ru) < 0) {
			child->alone = errno == ECHILD;
			return;
		}
		if (info.si_pid == 0)
			return;
		if (info.si_code != CLD_STOPPED) {
			take_end(child, &info, &ru, ended, arg);
			continue;
		}
		waitid(P_PID, (id_t)info.si_pid, &info, WSTOPPED | WNOHANG);
		if (info.si_pid == child->pid && !child->stays)
			stop_along(child, info.si_status);
	}
}

int ui_child_fd(const struct ui_child *child)
{
	return child->signals;
}

void ui_child_take(struct ui_child *child, ui_ended_fn ended, void *arg)
{
	struct signalfd_siginfo info;
	while (read(child->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			pass_on(child, &info);
	take_ends(child, ended, arg);
}

int ui_child_exit(const struct ui_child *child)
{
	return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);
}

void ui_child_close(struct ui_child *child)
{
	struct signalfd_siginfo info;
	if (child->signals < 0)
		return;
	while (read(child->signals, &info, sizeof(info)) > 0)
		;
	close(child->signals);
	child->signals = -1;
	sigaction(SIGCHLD, &child->sigchld, NULL);
	pthread_sigmask(SIG_SETMASK, &child->before, NULL);
}
