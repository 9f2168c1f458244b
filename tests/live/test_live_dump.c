/*
 * Dumps of real processes: what gdb makes of them, that nothing is put into the process, that stopping it leaves no
 * trace, and what is left out. Children hold still in a known state.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dump/compare.h"
#include "core/dump/dump.h"
#include "core/kernel/abi.h"
#include "core/scan/scan.h"
#include "tests/support/child.h"
#include "tests/support/machine.h"
#include "tests/support/memory_file.h"
#include "tests/support/scripted.h"
#include "tests/support/skip.h"

/* What gdb is to print. */
struct {
	int number;
	char text[32];
} dump_known = {4711, "written by the test"};

static struct pt_kernel *k;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Dumps a child into a new file; the caller closes both. */
static struct pt_core *dump(pid_t pid, const struct pt_dump_wish *wish, struct memory_file *file,
			    struct pt_dump_report *report)
{
	*file = memory_file_new();
	assert_int_equal(pt_dump(k, pid, wish, memory_sink(file), report), 0);
	return memory_core(file);
}

static void drop(struct pt_core *core, struct memory_file *file)
{
	pt_core_close(core);
	memory_file_free(file);
}

/* Pages of [start, start + n) of which that is known. */
static unsigned count(const struct pt_core *core, uint64_t start, unsigned n, enum pt_content content)
{
	unsigned found = 0;
	for (unsigned i = 0; i < n; i++) {
		uint64_t addr = start + i * page_size();
		size_t run = pt_core_find(core, addr);
		found += run < core->n_runs && core->runs[run].start <= addr && core->runs[run].content == content;
	}
	return found;
}

static unsigned char byte_at(const struct pt_core *core, uint64_t addr)
{
	unsigned char byte = 0;
	assert_int_equal(pt_core_read(core, addr, &byte, 1), 0);
	return byte;
}

/* A line of /proc/PID/status. */
static bool status_has(pid_t pid, const char *line)
{
	char path[64], text[4096] = "\n";
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text + 1, sizeof(text) - 2);
	close(fd);
	return n > 0 && strstr(text, line);
}

/* Asks until it is so; fails the test if it does not come. */
static void until_status(pid_t pid, const char *line, bool has)
{
	struct timespec began, now;
	clock_gettime(CLOCK_MONOTONIC, &began);
	do {
		if (status_has(pid, line) == has)
			return;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - began.tv_sec < 20);
	fail_msg("process %d: '%s' did not become %d", (int)pid, line + 1, has);
}

/* ---- what is in it ----------------------------------------------------------------------------------------------- */

#define PAGES 256u

/* Every second page is written, with its number. */
static void run_holed(struct child *self)
{
	char *memory = child_map(PAGES * page_size(), 0);
	child_need(!madvise(memory, PAGES * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	for (size_t i = 0; i < PAGES; i += 2)
		memset(memory + i * page_size(), (int)i | 1, page_size());
	child_say(self, (uintptr_t)memory);
	child_say(self, (uintptr_t)memory);
}

static void pages_are_read_and_none_is_put_there(void **state)
{
	(void)state;
	struct child child = child_start(run_holed);
	uint64_t start = child_wait(&child);
	struct pt_snapshot *before, *after;
	struct memory_file file;
	struct pt_dump_report report;

	assert_int_equal(pt_scan_once(k, child.pid, 1, &before), 0);
	struct pt_core *core = dump(child.pid, &(struct pt_dump_wish){0}, &file, &report);
	assert_int_equal(pt_scan_once(k, child.pid, 1, &after), 0);
	assert_int_equal(count(core, start, PAGES, PT_CONTENT_STORED), PAGES / 2);
	assert_int_equal(count(core, start, PAGES, PT_CONTENT_ZERO), PAGES / 2);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(byte_at(core, start + i * page_size() + 99), i % 2 ? 0 : (i | 1) & 0xff);
	assert_int_equal(before->total.n[PT_N_PRESENT], after->total.n[PT_N_PRESENT]);
	assert_int_equal(before->total.n[PT_N_RSS], after->total.n[PT_N_RSS]);
	assert_true(report.pages[PT_CONTENT_STORED] <= before->total.n[PT_N_PRESENT]);
	/* holes: what is zero takes no room */
	assert_true(memory_file_used(&file) < memory_source(&file).size);
	assert_true(memory_file_used(&file) <= (report.pages[PT_CONTENT_STORED] + 64) * page_size());
	pt_snapshot_unref(before);
	pt_snapshot_unref(after);
	drop(core, &file);
	child_end(&child);
}

static void run_odd(struct child *self)
{
	size_t page = page_size();
	char *memory = child_map(32 * page, 0);
	child_need(!madvise(memory, 32 * page, MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	child_touch(memory, 32, 1);
	child_need(!madvise(memory, 8 * page, MADV_DONTDUMP), "MADV_DONTDUMP");
	child_need(!mprotect(memory + 8 * page, 8 * page, PROT_NONE), "mprotect");
	if (madvise(memory + 16 * page, 4 * page, PT_MADV_GUARD_INSTALL))
		child_need(errno == EINVAL && !munmap(memory + 16 * page, 4 * page), "no guards");
	child_say(self, (uintptr_t)memory);
}

static void what_is_to_be_left_out_is(void **state)
{
	(void)state;
	struct child child = child_start(run_odd);
	uint64_t start = child_wait(&child), page = page_size();
	struct memory_file file;
	struct pt_dump_report report;
	struct pt_core *core = dump(child.pid, &(struct pt_dump_wish){0}, &file, &report);

	assert_int_equal(count(core, start, 8, PT_CONTENT_DONTDUMP), 8);
	assert_int_equal(count(core, start + 8 * page, 8, PT_CONTENT_STORED), 8); /* present, though not accessible */
	assert_int_equal(byte_at(core, start + 9 * page), 10);
	assert_int_equal(count(core, start + 16 * page, 4, PT_CONTENT_STORED), 0);
	assert_int_equal(count(core, start + 20 * page, 12, PT_CONTENT_STORED), 12);
	drop(core, &file);
	core = dump(child.pid, &(struct pt_dump_wish){.all = true}, &file, &report);
	assert_int_equal(count(core, start, 8, PT_CONTENT_STORED), 8);
	assert_int_equal(byte_at(core, start + 3 * page), 4);
	drop(core, &file);
	child_end(&child);
}

#define TERABYTE (1ull << 40)

static void run_vast(struct child *self)
{
	char *memory = mmap(NULL, 16 * TERABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			    -1, 0);
	if (memory == MAP_FAILED)
		child_say(self, CHILD_CANNOT);
	for (size_t i = 0; i < 16; i++)
		memory[i * TERABYTE + 5 * page_size()] = 7;
	child_say(self, (uintptr_t)memory);
}

static void sixteen_terabytes_of_nothing_cost_nothing(void **state)
{
	(void)state;
	struct child child = child_start(run_vast);
	uint64_t start = child_wait(&child);
	struct memory_file file;
	struct pt_dump_report report;
	if (start == CHILD_CANNOT) {
		child_end(&child);
		skip_because("16 TiB cannot be reserved here");
	}
	struct pt_core *core = dump(child.pid, &(struct pt_dump_wish){0}, &file, &report);
	assert_true(memory_file_used(&file) < 64 << 20);
	assert_true(report.file_size < 64ull << 30);
	assert_true(core->n_segments < 10000);
	assert_int_equal(byte_at(core, start + 3 * TERABYTE + 5 * page_size()), 7);
	assert_int_equal(byte_at(core, start + 3 * TERABYTE + TERABYTE / 2), 0);
	drop(core, &file);
	child_end(&child);
}

static void run_userfault(struct child *self)
{
	char *memory = child_map(16 * page_size(), 0);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range = {(uintptr_t)memory, 16 * page_size()},
					.mode = UFFDIO_REGISTER_MODE_MISSING};
	child_touch(memory, 8, 1);
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		child_say(self, CHILD_CANNOT);
	child_say(self, (uintptr_t)memory);
}

static void memory_that_the_program_provides_itself_is_left_alone(void **state)
{
	(void)state;
	struct child child = child_start(run_userfault);
	uint64_t start = child_wait(&child);
	struct memory_file file;
	struct pt_dump_report report;
	if (start == CHILD_CANNOT) {
		child_end(&child);
		skip_because("userfaultfd may not be used here");
	}
	struct pt_core *core = dump(child.pid, &(struct pt_dump_wish){.all = true}, &file, &report);
	assert_int_equal(count(core, start, 16, PT_CONTENT_USERFAULT), 16);
	drop(core, &file);
	child_end(&child);
}

static void run_swapped(struct child *self)
{
	size_t n = 32;
	unsigned char there[32];
	char *memory = child_map(n * page_size(), 0);
	child_need(!madvise(memory, n * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	child_touch(memory, n, 1);
	struct timespec began, now;
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (;;) { /* pages on their way through the kernel's lists cannot be taken at once */
		child_need(!madvise(memory, n * page_size(), MADV_PAGEOUT) || errno == EAGAIN, "MADV_PAGEOUT");
		child_need(!mincore(memory, n * page_size(), there), "mincore");
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (!memchr(there, 1, n) || now.tv_sec - began.tv_sec > 20)
			break;
	}
	child_say(self, (uintptr_t)memory);
}

static void what_is_swapped_out_stays_there_unless_asked_for(void **state)
{
	(void)state;
	const char *why = machine_needs_swap();
	if (why)
		skip_because(why);
	struct child child = child_start(run_swapped);
	uint64_t start = child_wait(&child);
	struct memory_file file;
	struct pt_dump_report report;

	struct pt_core *core = dump(child.pid, &(struct pt_dump_wish){0}, &file, &report);
	unsigned out = count(core, start, 32, PT_CONTENT_SWAPPED);
	assert_true(out > 0);
	drop(core, &file);
	core = dump(child.pid, &(struct pt_dump_wish){0}, &file, &report);
	assert_int_equal(count(core, start, 32, PT_CONTENT_SWAPPED), out);
	drop(core, &file);
	core = dump(child.pid, &(struct pt_dump_wish){.swapped = true}, &file, &report);
	assert_int_equal(count(core, start, 32, PT_CONTENT_STORED), 32);
	assert_int_equal(byte_at(core, start + 31 * page_size()), 32);
	drop(core, &file);
	child_end(&child);
	machine_restore();
}

/* ---- what changed ------------------------------------------------------------------------------------------------ */

#define MANY 4096u

static void run_writer(struct child *self)
{
	char *memory = child_map(MANY * page_size(), 0);
	child_need(!madvise(memory, MANY * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	child_touch(memory, MANY, 1);
	child_say(self, (uintptr_t)memory);
	for (size_t i = 0; i < 100; i++)
		memory[i * 37 * page_size() + i] = (char)(memory[i * 37 * page_size() + i] + 1);
	for (size_t i = 0; i < 100; i++) /* written, but with what was there */
		memory[(i * 37 + 5) * page_size()] = *(volatile char *)&memory[(i * 37 + 5) * page_size()];
	child_say(self, (uintptr_t)memory);
}

static void an_increment_has_the_pages_that_changed_and_no_other(void **state)
{
	(void)state;
	struct child child = child_start(run_writer);
	uint64_t start = child_wait(&child);
	struct memory_file files[3];
	struct pt_dump_report report;
	struct pt_comparison result;

	struct pt_core *base = dump(child.pid, &(struct pt_dump_wish){0}, &files[0], &report);
	child_go(&child);
	assert_int_equal(child_wait(&child), start);
	struct pt_core *increment = dump(child.pid, &(struct pt_dump_wish){.base = base, .base_name = "base"},
					 &files[1], &report);
	uint64_t stored = report.pages[PT_CONTENT_STORED];
	struct pt_core *whole = dump(child.pid, &(struct pt_dump_wish){0}, &files[2], &report);

	assert_int_equal(count(increment, start, MANY, PT_CONTENT_STORED), 100);
	assert_int_equal(count(increment, start, MANY, PT_CONTENT_SAME), MANY - 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(count(increment, start + i * 37 * page_size(), 1, PT_CONTENT_STORED), 1);
	/* whatever else changed (its stack) did so */
	const struct pt_compare_job job = {.first = base, .second = whole};
	assert_int_equal(pt_compare(&job, &result), 0);
	assert_int_equal(stored, result.all.differ + result.all.only_second);
	assert_true(memory_file_used(&files[1]) < (stored + 64) * page_size());
	pt_comparison_free(&result);
	drop(base, &files[0]);
	drop(increment, &files[1]);
	drop(whole, &files[2]);
	child_end(&child);
}

/* ---- stopping it ------------------------------------------------------------------------------------------------- */

static volatile int spinning;

static void *spin(void *arg)
{
	while (arg)
		spinning = 1;
	return NULL;
}

static void *hold_still(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void run_threads(struct child *self)
{
	pthread_t thread;
	char *memory = child_map(page_size(), 0);
	memory[0] = 42;
	for (int i = 0; i < 8; i++)
		child_need(!pthread_create(&thread, NULL, i ? hold_still : spin, self), "pthread_create");
	while (!spinning)
		;
	child_say(self, (uintptr_t)memory);
	child_say(self, (uintptr_t)memory);
}

static void stop_and_go_on(enum pt_dump_stop stop)
{
	struct child child = child_start(run_threads);
	uint64_t start = child_wait(&child);
	struct memory_file file;
	struct pt_dump_report report;

	struct pt_core *core = dump(child.pid, &(struct pt_dump_wish){.stop = stop}, &file, &report);
	assert_int_equal(report.threads, 9);
	assert_int_equal(report.with_registers, 9);
	assert_true(report.info.stopped_ns > 0 && report.info.stopped_ns <= report.info.took_ns);
	assert_int_equal(core->info.stop, stop);
	assert_int_equal(byte_at(core, start), 42);
	assert_true(status_has(child.pid, "\nTracerPid:\t0\n"));
	assert_false(status_has(child.pid, "\nState:\tt") || status_has(child.pid, "\nState:\tT"));
	child_go(&child);
	assert_int_equal(child_wait(&child), start);
	drop(core, &file);
	child_end(&child);
}

static void threads_are_stopped_and_go_on(void **state)
{
	(void)state;
	stop_and_go_on(PT_STOP_ALL);
	stop_and_go_on(PT_STOP_REGISTERS);
}

static void what_was_stopped_before_stays_so(void **state)
{
	(void)state;
	struct child child = child_start(run_threads);
	uint64_t start = child_wait(&child);
	struct memory_file file;
	struct pt_dump_report report;

	kill(child.pid, SIGSTOP);
	until_status(child.pid, "\nState:\tT", true);
	struct pt_core *core = dump(child.pid, &(struct pt_dump_wish){.stop = PT_STOP_ALL}, &file, &report);
	assert_int_equal(report.with_registers, 9);
	until_status(child.pid, "\nState:\tT", true);
	kill(child.pid, SIGCONT);
	child_go(&child);
	assert_int_equal(child_wait(&child), start);
	drop(core, &file);
	child_end(&child);
}

static pthread_t main_thread;

static void *outlive_main(void *arg)
{
	struct child *self = arg;
	char *memory = child_map(page_size(), 0);
	pthread_join(main_thread, NULL);
	memory[0] = 43;
	child_say(self, (uintptr_t)memory);
	return NULL;
}

static void run_without_main(struct child *self)
{
	static struct child kept; /* its stack goes */
	pthread_t thread;
	kept = *self;
	main_thread = pthread_self();
	child_need(!pthread_create(&thread, NULL, outlive_main, &kept), "pthread_create");
	pthread_exit(NULL);
}

static void threads_that_outlive_the_main_one_are_dumped(void **state)
{
	(void)state;
	struct child child = child_start(run_without_main);
	uint64_t start = child_wait(&child);
	struct memory_file file;
	struct pt_dump_report report;
	struct pt_core *core = dump(child.pid, &(struct pt_dump_wish){.stop = PT_STOP_ALL}, &file, &report);

	assert_int_equal(report.with_registers, 1);
	assert_int_equal(byte_at(core, start), 43);
	assert_int_equal(core->info.pid, child.pid);
	drop(core, &file);
	child_end(&child);
}

static int no_pages(void *arg, uint64_t done, uint64_t all)
{
	(void)arg;
	(void)done;
	(void)all;
	return -ECANCELED;
}

/* Whatever fails, the target goes on. Pages are not read: the calls that matter come before and after. */
static void every_call_that_fails_leaves_it_running(void **state)
{
	(void)state;
	struct pt_kernel *real;
	const struct pt_dump_wish wish = {.stop = PT_STOP_ALL, .step = no_pages};
	struct pt_dump_report report;
	struct child child = child_start(run_threads);
	uint64_t start = child_wait(&child);
	assert_int_equal(pt_kernel_linux_new(&real, "/", 0), 0);
	struct scripted *s = scripted_new(real);

	s->fail_error = -EIO;
	do {
		struct memory_file file = memory_file_new();
		s->calls = 0;
		s->fail_call++;
		assert_true(pt_dump(&s->k, child.pid, &wish, memory_sink(&file), &report) < 0);
		memory_file_free(&file);
		if (!status_has(child.pid, "\nTracerPid:\t0\n") || status_has(child.pid, "\nState:\tt"))
			fail_msg("call %lu fails, and the target stays stopped", s->fail_call);
	} while (s->calls >= s->fail_call);
	assert_true(s->fail_call > 50);
	child_go(&child);
	assert_int_equal(child_wait(&child), start);
	scripted_free(s);
	child_end(&child);
}

/* ---- the program: gdb, signals ----------------------------------------------------------------------------------- */

static char folder[64];

static void in_folder(char *ret, size_t size, const char *name)
{
	snprintf(ret, size, "%s/%s", folder, name);
}

/* What a shell command prints, with this program's path as $0. */
static void output_of(const char *command, char *ret, size_t size)
{
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t n = fread(ret, 1, size - 1, pipe);
	ret[n] = '\0';
	while (fgetc(pipe) != EOF)
		;
	pclose(pipe);
}

static const char *pagetop(void)
{
	return getenv("PT_BIN");
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void ask_gdb(pid_t pid, const char *options, const char *questions, char *ret, size_t size)
{
	char command[2048], core[128], self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_true(n > 0);
	self[n] = '\0';
	in_folder(core, sizeof(core), "core");
	snprintf(command, sizeof(command),
		 "'%s' dump -p %d -o '%s' --force %s >/dev/null && gdb -batch -nx -iex 'set debuginfod enabled off' %s "
		 "'%s' '%s' 2>&1",
		 pagetop(), (int)pid, core, options, questions, self, core);
	output_of(command, ret, size);
}

static void run_known(struct child *self)
{
	dump_known.number = 4712; /* not what the program file has */
	char *memory = child_map(64 * page_size(), 0);
	memory[3 * page_size()] = 77;
	child_say(self, (uintptr_t)memory);
}

static void gdb_prints_a_known_variable(void **state)
{
	(void)state;
	static char text[100000];
	char questions[256], answer[64];
	if (system("command -v gdb >/dev/null") != 0)
		skip_because("gdb is not installed");
	struct child child = child_start(run_known);
	uint64_t start = child_wait(&child);
	snprintf(questions, sizeof(questions),
		 "-ex 'p dump_known' -ex 'x/bd 0x%llx' -ex 'x/bd 0x%llx' -ex bt -ex 'info threads'",
		 (unsigned long long)start + 3 * page_size(), (unsigned long long)start + 40 * page_size());
	for (int stopped = 0; stopped < 2; stopped++) {
		ask_gdb(child.pid, stopped ? "--stop" : "", questions, text, sizeof(text));
		has(text, "number = 4712, text = \"written by the test\"");
		snprintf(answer, sizeof(answer), "0x%llx:\t77", (unsigned long long)start + 3 * page_size());
		has(text, answer);
		snprintf(answer, sizeof(answer), "0x%llx:\t0", (unsigned long long)start + 40 * page_size());
		has(text, answer);
		if (stopped)
			has(text, "run_known");
	}
	child_end(&child);
}

/* One 64 MiB child that dumps of take a while; its VMAs are of no matter. */
static void run_large(struct child *self)
{
	size_t n = (64u << 20) / page_size();
	char *memory = child_map(n * page_size(), 0);
	for (size_t i = 0; i < n; i++)
		memset(memory + i * page_size(), (int)i | 1, page_size());
	child_say(self, (uintptr_t)memory);
	child_say(self, (uintptr_t)memory);
}

static pid_t start_dump(pid_t of, const char *file)
{
	char pid[16];
	snprintf(pid, sizeof(pid), "%d", (int)of);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int null = open("/dev/null", O_RDWR);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl(pagetop(), "pagetop", "dump", "--stop", "-p", pid, "-o", file, (char *)NULL);
		_exit(127);
	}
	return child;
}

/* Ends a dump by a signal while its target is stopped; the target must go on. */
static int end_in_the_middle(struct child *child, const char *file, int signal)
{
	int status = 0;
	unlink(file);
	pid_t dumper = start_dump(child->pid, file);
	until_status(child->pid, "\nTracerPid:\t0\n", false);
	kill(dumper, signal);
	assert_int_equal(waitpid(dumper, &status, 0), dumper);
	until_status(child->pid, "\nTracerPid:\t0\n", true);
	assert_false(status_has(child->pid, "\nState:\tt") || status_has(child->pid, "\nState:\tT"));
	return status;
}

static void when_it_is_killed_the_target_goes_on(void **state)
{
	(void)state;
	char file[128];
	struct child child = child_start(run_large);
	uint64_t start = child_wait(&child);
	in_folder(file, sizeof(file), "killed");
	int status = end_in_the_middle(&child, file, SIGKILL);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	child_go(&child);
	assert_int_equal(child_wait(&child), start);
	child_end(&child);
}

static void when_it_is_interrupted_no_file_stays(void **state)
{
	(void)state;
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	char file[128];
	struct child child = child_start(run_large);
	child_wait(&child);
	in_folder(file, sizeof(file), "interrupted");
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		int status = end_in_the_middle(&child, file, signals[i]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
		assert_int_equal(access(file, F_OK), -1);
	}
	child_end(&child);
}

static void a_full_disk_is_one_line_and_no_file(void **state)
{
	(void)state;
	char command[1024], file[128], text[2048];
	struct child child = child_start(run_large);
	child_wait(&child);
	in_folder(file, sizeof(file), "large");
	snprintf(command, sizeof(command), "(ulimit -f 8192; '%s' dump -p %d -o '%s'; echo status $?) 2>&1", pagetop(),
		 (int)child.pid, file);
	output_of(command, text, sizeof(text));
	has(text, "File too large; it is removed again\nstatus 1\n");
	assert_int_equal(access(file, F_OK), -1);
	child_end(&child);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/pagetop-dump-XXXXXX");
	return mkdtemp(folder) && pt_kernel_linux_new(&k, "/", 0) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	static const char *const names[] = {"core", "killed", "interrupted", "large"};
	char path[128];
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		in_folder(path, sizeof(path), names[i]);
		unlink(path);
	}
	pt_kernel_free(k);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_read_and_none_is_put_there),
		cmocka_unit_test(what_is_to_be_left_out_is),
		cmocka_unit_test(sixteen_terabytes_of_nothing_cost_nothing),
		cmocka_unit_test(memory_that_the_program_provides_itself_is_left_alone),
		cmocka_unit_test(what_is_swapped_out_stays_there_unless_asked_for),
		cmocka_unit_test(an_increment_has_the_pages_that_changed_and_no_other),
		cmocka_unit_test(threads_are_stopped_and_go_on),
		cmocka_unit_test(what_was_stopped_before_stays_so),
		cmocka_unit_test(threads_that_outlive_the_main_one_are_dumped),
		cmocka_unit_test(every_call_that_fails_leaves_it_running),
		cmocka_unit_test(gdb_prints_a_known_variable),
		cmocka_unit_test(when_it_is_killed_the_target_goes_on),
		cmocka_unit_test(when_it_is_interrupted_no_file_stays),
		cmocka_unit_test(a_full_disk_is_one_line_and_no_file),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
