/*
 * Runs a program on a terminal of 120x40 and times what a person would see, in up to four phases, each if asked for:
 *
 *   pty [-w TEXT] [-k N -K TEXT] [-c TEXT]... [-s SECONDS | -r COMMAND] [-q KEYS] -- PROGRAM...
 *
 *   -w TEXT      waits until the screen shows the text: paint_ms, counted from before the fork
 *   -k N         presses ? so many times, each time waiting until the text of -K has come or gone: key_p50_ms, key_p99_ms,
 *                key_max_ms; key_s is how long that took together
 *   -c TEXT      waits until the screen does not show the text any more, nor those of further -c: complete_ms, counted
 *                as paint_ms is
 *   -s SECONDS   lets it run a tenth of that, and then so long: cpu_percent of one core (utime and stime of all threads),
 *                rss_first_kib, rss_last_kib
 *   -r COMMAND   the same for as long as this command of the shell runs, from at once; its output is ours, and PROGRAM
 *                in its environment is the program's PID
 *   -q KEYS      how it is asked to end, instead of q
 *
 * Prints one line of NAME=VALUE; peak_kib is the most memory the program had.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "terminal.h"

#define UNTIL_MOST 4 /* texts of -c */

struct wishes {
	const char *paint, *toggles, *command, *quit, *complete[UNTIL_MOST];
	size_t n_complete;
	long keys;
	double seconds;
};

static FILE *open_of_program(const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)bt_program(), name);
	FILE *file = fopen(path, "r");
	if (!file)
		bt_give_up(path);
	return file;
}

/* User and system time of all threads, in seconds. */
static double cpu(void)
{
	char line[1024] = "";
	unsigned long user = 0, kernel = 0;
	FILE *file = open_of_program("stat");
	char *got = fgets(line, sizeof(line), file), *rest = strrchr(line, ')');
	fclose(file);
	if (!got || !rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
		bt_give_up("stat");
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static long status_kib(const char *field)
{
	char line[256];
	long kib = -1;
	FILE *file = open_of_program("status");
	while (kib < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			kib = atol(line + strlen(field) + 1);
	fclose(file);
	return kib;
}

/* ---- phases ----------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void time_keys(long n, const char *text)
{
	double *took = calloc((size_t)n, sizeof(*took));
	if (!took)
		bt_give_up("out of memory");
	bool shown = bt_shows(text);
	double first = bt_now();
	for (long i = 0; i < n; i++) {
		double pressed = bt_now();
		bt_press("?");
		shown = !shown;
		bt_wait(text, shown);
		took[i] = bt_now() - pressed;
	}
	double all = bt_now() - first;
	if (shown) {
		bt_press("?");
		bt_wait(text, false);
	}
	qsort(took, (size_t)n, sizeof(*took), by_value);
	printf(" key_p50_ms=%.3f key_p99_ms=%.3f key_max_ms=%.3f key_s=%.3f", took[n / 2], took[(n * 99 - 1) / 100],
	       took[n - 1], all / 1e3);
	free(took);
}

static pid_t start_command(const char *command, int *ret_pidfd)
{
	char program[16];
	snprintf(program, sizeof(program), "%d", (int)bt_program());
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		setenv("PROGRAM", program, 1);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	*ret_pidfd = pid < 0 ? -1 : pidfd_open(pid, 0);
	if (*ret_pidfd < 0)
		bt_give_up("cannot run the command");
	return pid;
}

static void let_run(const struct wishes *wishes)
{
	int fd = -1, status = 0;
	bt_run_until(bt_now() + wishes->seconds * 1e2, -1);
	long rss = status_kib("VmRSS");
	double first = bt_now(), cpu_before = cpu(), until = first + wishes->seconds * 1e3;
	pid_t command = wishes->command ? start_command(wishes->command, &fd) : -1;
	bt_run_until(command > 0 ? first + 1e9 : until, fd);
	if (command > 0 && (waitpid(command, &status, 0) != command || status))
		bt_give_up("the command failed");
	double passed = (bt_now() - first) / 1e3;
	printf(" cpu_percent=%.3f rss_first_kib=%ld rss_last_kib=%ld", (cpu() - cpu_before) / passed * 100, rss,
	       status_kib("VmRSS"));
}

static void usage(void)
{
	fprintf(stderr, "usage: pty [-w TEXT] [-k N -K TEXT] [-c TEXT]... [-s SECONDS | -r COMMAND] [-q KEYS] -- "
			"PROGRAM...\n");
	exit(2);
}

static struct wishes read_wishes(int argc, char **argv)
{
	struct wishes wishes = {.quit = "q"};
	for (int option; (option = getopt(argc, argv, "+w:k:K:c:s:r:q:")) != -1;)
		switch (option) {
		case 'w': wishes.paint = optarg; break;
		case 'k': wishes.keys = atol(optarg); break;
		case 'K': wishes.toggles = optarg; break;
		case 'c':
			if (wishes.n_complete < UNTIL_MOST)
				wishes.complete[wishes.n_complete++] = optarg;
			break;
		case 's': wishes.seconds = atof(optarg); break;
		case 'r': wishes.command = optarg; break;
		case 'q': wishes.quit = optarg; break;
		default: usage();
		}
	if (optind == argc || (wishes.keys > 0) != (wishes.toggles != NULL))
		usage();
	return wishes;
}

int main(int argc, char **argv)
{
	struct wishes wishes = read_wishes(argc, argv);
	bt_start(argv + optind);
	if (wishes.paint) {
		bt_wait(wishes.paint, true);
		printf("paint_ms=%.3f", bt_now() - bt_began());
	}
	if (wishes.keys)
		time_keys(wishes.keys, wishes.toggles);
	for (size_t i = 0; i < wishes.n_complete; i++)
		bt_wait(wishes.complete[i], false);
	if (wishes.n_complete)
		printf(" complete_ms=%.3f", bt_now() - bt_began());
	if (wishes.seconds > 0 || wishes.command)
		let_run(&wishes);
	printf(" peak_kib=%ld\n", status_kib("VmHWM"));
	bt_end(wishes.quit);
	return 0;
}
