/*
 * Runs a command with its output in a file and prints what it cost, as one line:
 *
 *   measure FILE COMMAND...
 *
 *   WALL_MS CPU_MS PEAK_KIB STATUS
 *
 * CPU is that of the command and of what it waited for, time in the kernel included. A command killed by a signal has
 * status 128 + the signal, as a shell would say.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double of_timeval(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static _Noreturn void become(const char *file, char **argv)
{
	int out = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (out < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	if (argc < 3) {
		fprintf(stderr, "usage: measure FILE COMMAND...\n");
		return 2;
	}
	double began = milliseconds();
	pid_t pid = fork();
	if (pid == 0)
		become(argv[1], argv + 2);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
		perror("measure");
		return 1;
	}
	double wall = milliseconds() - began;
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	printf("%.3f %.3f %ld %d\n", wall, of_timeval(usage.ru_utime) + of_timeval(usage.ru_stime), usage.ru_maxrss,
	       code);
	return 0;
}
