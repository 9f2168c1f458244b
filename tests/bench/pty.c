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
 *   -r COMMAND   the same for as long as this command of the shell runs, from at once; its output is ours
 *   -q KEYS      how it is asked to end, instead of q
 *
 * Prints one line of NAME=VALUE; peak_kib is the most memory the program had. Every wait ends with status 1 when
 * nothing happens for a minute. What the program draws is kept by libvterm.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vterm.h>

#define COLUMNS     120
#define ROWS        40
#define PATIENCE_MS 60000.0
#define UNTIL_MOST  4      /* texts of -c */
#define LEAVE_MS    5000.0 /* to end by itself */

struct wishes {
	const char *paint, *toggles, *command, *quit, *complete[UNTIL_MOST];
	size_t n_complete;
	long keys;
	double seconds;
};

static struct VTerm *terminal;
static pid_t program;
static int master;
static double began;

static double milliseconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "pty: %s\n", what);
	if (program > 0)
		kill(program, SIGKILL);
	exit(1);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static bool shows(const char *text)
{
	char line[COLUMNS * 8 + 1];
	VTermScreen *screen = vterm_obtain_screen(terminal);
	for (int y = 0; y < ROWS; y++) {
		VTermRect row = {.start_row = y, .end_row = y + 1, .start_col = 0, .end_col = COLUMNS};
		line[vterm_screen_get_text(screen, line, sizeof(line) - 1, row)] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

/*
 * Takes what the program draws, until some came, or the time is over, or `other` (-1: nothing) can be read. False when
 * the program has ended.
 */
static bool take_output(double until, int other)
{
	char bytes[65536];
	struct pollfd fds[] = {{.fd = master, .events = POLLIN}, {.fd = other, .events = POLLIN}};
	double rest = until - milliseconds();
	if (rest <= 0)
		return true;
	if (poll(fds, 2, (int)rest + 1) <= 0 || !fds[0].revents)
		return true;
	ssize_t got = read(master, bytes, sizeof(bytes));
	if (got > 0)
		vterm_input_write(terminal, bytes, (size_t)got);
	return got > 0 || errno == EINTR;
}

static void wait_for(const char *text, bool shown)
{
	double until = milliseconds() + PATIENCE_MS;
	while (shows(text) != shown) {
		if (!take_output(until, -1))
			give_up("the program ended too early");
		if (milliseconds() >= until)
			give_up(text);
	}
}

static void press(const char *keys)
{
	if (write(master, keys, strlen(keys)) < 0)
		give_up("cannot press a key");
}

/* ---- the program ------------------------------------------------------------------------------------------------ */

static void start(char **argv)
{
	struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
	terminal = vterm_new(ROWS, COLUMNS);
	vterm_set_utf8(terminal, 1);
	vterm_screen_reset(vterm_obtain_screen(terminal), 1);
	began = milliseconds();
	program = forkpty(&master, NULL, NULL, &size);
	if (program == 0) {
		setenv("TERM", "xterm-256color", 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (program < 0)
		give_up("no terminal");
}

static FILE *open_of_program(const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)program, name);
	FILE *file = fopen(path, "r");
	if (!file)
		give_up(path);
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
		give_up("stat");
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

static void end(const char *keys)
{
	int status, fd = pidfd_open(program, 0);
	double until = milliseconds() + LEAVE_MS;
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	press(keys);
	while (poll(&ended, 1, 0) == 0 && milliseconds() < until)
		if (!take_output(until, fd))
			poll(&ended, 1, (int)(until - milliseconds()));
	kill(program, SIGKILL);
	waitpid(program, &status, 0);
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
		give_up("out of memory");
	bool shown = shows(text);
	double first = milliseconds();
	for (long i = 0; i < n; i++) {
		double pressed = milliseconds();
		press("?");
		shown = !shown;
		wait_for(text, shown);
		took[i] = milliseconds() - pressed;
	}
	double all = milliseconds() - first;
	if (shown) {
		press("?");
		wait_for(text, false);
	}
	qsort(took, (size_t)n, sizeof(*took), by_value);
	printf(" key_p50_ms=%.3f key_p99_ms=%.3f key_max_ms=%.3f key_s=%.3f", took[n / 2], took[(n * 99 - 1) / 100],
	       took[n - 1], all / 1e3);
	free(took);
}

static pid_t start_command(const char *command, int *ret_pidfd)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	*ret_pidfd = pid < 0 ? -1 : pidfd_open(pid, 0);
	if (*ret_pidfd < 0)
		give_up("cannot run the command");
	return pid;
}

/* Until a moment, or until `fd` (-1: nothing) can be read. */
static void run_until(double until, int fd)
{
	struct pollfd other = {.fd = fd, .events = POLLIN};
	while (milliseconds() < until && (fd < 0 || poll(&other, 1, 0) == 0))
		if (!take_output(until, fd))
			give_up("the program ended too early");
}

static void let_run(const struct wishes *wishes)
{
	int fd = -1, status = 0;
	run_until(milliseconds() + wishes->seconds * 1e2, -1);
	long rss = status_kib("VmRSS");
	double first = milliseconds(), cpu_before = cpu(), until = first + wishes->seconds * 1e3;
	pid_t command = wishes->command ? start_command(wishes->command, &fd) : -1;
	run_until(command > 0 ? first + 1e9 : until, fd);
	if (command > 0 && (waitpid(command, &status, 0) != command || status))
		give_up("the command failed");
	double passed = (milliseconds() - first) / 1e3;
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
	start(argv + optind);
	if (wishes.paint) {
		wait_for(wishes.paint, true);
		printf("paint_ms=%.3f", milliseconds() - began);
	}
	if (wishes.keys)
		time_keys(wishes.keys, wishes.toggles);
	for (size_t i = 0; i < wishes.n_complete; i++)
		wait_for(wishes.complete[i], false);
	if (wishes.n_complete)
		printf(" complete_ms=%.3f", milliseconds() - began);
	if (wishes.seconds > 0 || wishes.command)
		let_run(&wishes);
	printf(" peak_kib=%ld\n", status_kib("VmHWM"));
	end(wishes.quit);
	vterm_free(terminal);
	return 0;
}
