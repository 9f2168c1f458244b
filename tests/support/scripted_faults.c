/*
 * See scripted_faults.h. Worker and test share it under one mutex.
 */
#include "tests/support/scripted_faults.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/support/stage.h"

#define SECOND_NS 1000000000ull
#define FROM_NS   (1000 * SECOND_NS)

struct scripted_faults scripted_faults;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

/* ---- the source ------------------------------------------------------------------------------------------------- */

void scripted_faults_begin(void)
{
	scripted_faults = (struct scripted_faults){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
}

void scripted_faults_end(void)
{
	pthread_mutex_lock(&lock);
	pt_fault_view_unref(scripted_faults.next);
	scripted_faults.next = NULL;
	pthread_mutex_unlock(&lock);
	close(scripted_faults.fd);
}

void scripted_faults_release(void)
{
	pthread_mutex_lock(&lock);
	scripted_faults.hold = false;
	pthread_cond_broadcast(&released);
	pthread_mutex_unlock(&lock);
}

void scripted_faults_push(struct pt_fault_view *view)
{
	pthread_mutex_lock(&lock);
	pt_fault_view_unref(scripted_faults.next);
	scripted_faults.next = view;
	eventfd_write(scripted_faults.fd, 1);
	pthread_mutex_unlock(&lock);
}

static int open_source(void **ret, const struct ui_fault_request *request, void *source)
{
	(void)source;
	pthread_mutex_lock(&lock);
	while (scripted_faults.hold)
		pthread_cond_wait(&released, &lock);
	int error = request->pid == STAGE_PID ? scripted_faults.open_error : -ESRCH;
	scripted_faults.opened += !error;
	scripted_faults.allocs = request->allocs;
	scripted_faults.budget = request->budget;
	pthread_mutex_unlock(&lock);
	*ret = error ? NULL : &scripted_faults;
	return error;
}

static void close_source(void *self)
{
	struct scripted_faults *f = self;
	pthread_mutex_lock(&lock);
	f->closed++;
	pthread_mutex_unlock(&lock);
}

static pt_stack_id birth(void *self, uint64_t address, uint64_t *ret_time_ns)
{
	struct scripted_faults *f = self;
	pthread_mutex_lock(&lock);
	pt_stack_id id = address == f->birth_address ? f->birth_stack : 0;
	*ret_time_ns = f->birth_ns;
	pthread_mutex_unlock(&lock);
	return id;
}

static bool alloc(void *self, uint64_t pfn, struct pt_alloc *ret, char *ret_flags, size_t size)
{
	struct scripted_faults *f = self;
	pthread_mutex_lock(&lock);
	bool found = f->allocs && pfn == f->alloc.pfn;
	*ret = f->alloc;
	snprintf(ret_flags, size, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
	pthread_mutex_unlock(&lock);
	return found;
}

static int source_fd(void *self)
{
	return ((struct scripted_faults *)self)->fd;
}

static struct pt_fault_view *take(void *self)
{
	struct scripted_faults *f = self;
	eventfd_t count;
	pthread_mutex_lock(&lock);
	struct pt_fault_view *view = f->next;
	f->next = NULL;
	eventfd_read(f->fd, &count);
	pthread_mutex_unlock(&lock);
	return view;
}

static void snapshot(void *self, struct pt_snapshot *s)
{
	(void)s;
	((struct scripted_faults *)self)->snapshots++;
}

/* ---- stacks ----------------------------------------------------------------------------------------------------- */

#define PROGRAM "/usr/bin/program"
#define LIBC    "/usr/lib/x86_64-linux-gnu/libc.so.6"

struct made_call {
	const char *symbol, *module, *file;
	int line;
};

/* Outermost first; the last of each is NULL. */
static const struct made_call to_insert[] = {{"_start", PROGRAM, NULL, 0},
					     {"__libc_start_main", LIBC, NULL, 0},
					     {"main", PROGRAM, "/src/program/server.c", 6951},
					     {"loop", PROGRAM, "/src/program/loop.c", 120},
					     {"insert", PROGRAM, "/src/program/table.c", 88},
					     {"malloc", LIBC, NULL, 0},
					     {0}};
static const struct made_call to_read[] = {{"_start", PROGRAM, NULL, 0},
					   {"__libc_start_main", LIBC, NULL, 0},
					   {"main", PROGRAM, "/src/program/server.c", 6951},
					   {"loop", PROGRAM, "/src/program/loop.c", 133},
					   {"read_file", PROGRAM, "/src/program/file.c", 12},
					   {0}};
static const struct made_call in_thread[] = {
	{"clone3", LIBC, NULL, 0},
	{"start_thread", LIBC, NULL, 0},
	{"std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >::append(char const*)",
	 PROGRAM, "/src/program/a\033[31mbad.cc", 7},
	{"e\033]0;evil\007il", "/tmp/lib\xff.so", NULL, 0},
	{0}};
static const struct made_call in_jit[] = {{NULL, NULL, NULL, 0}, {"memset", LIBC, NULL, 0}, {0}};
#define STACKS 4
static const struct made_call *const stacks[STACKS] = {to_insert, to_read, in_thread, in_jit};

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void make_calls(const struct made_call *from, struct pt_fault_call **ret, size_t *ret_n)
{
	size_t n = 0;
	while (from[n].symbol || from[n].module || (n == 0 && from == in_jit))
		n++;
	struct pt_fault_call *calls = calloc(n, sizeof *calls);
	for (size_t i = 0; i < n; i++) {
		const struct made_call *c = &from[n - 1 - i];
		calls[i] = (struct pt_fault_call){.ip = 0x401000 + 16 * (uint64_t)(n - i),
						  .symbol = copy(c->symbol),
						  .module = copy(c->module),
						  .file = copy(c->file),
						  .line = c->line};
	}
	*ret = calls;
	*ret_n = n;
}

static int calls(void *self, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n)
{
	(void)self;
	if (id > STACKS)
		return -ENOENT;
	make_calls(stacks[id - 1], ret, ret_n);
	return 0;
}

static void steps(void *self, bool on)
{
	((struct scripted_faults *)self)->steps = on;
}

static struct pt_fault_step *step(void *self)
{
	struct scripted_faults *f = self;
	struct pt_fault_step *next = f->steps ? f->step : NULL;
	f->step = next ? NULL : f->step;
	return next;
}

const struct ui_fault_ops scripted_faults_ops = {.open = open_source,
						 .calls = calls,
						 .birth = birth,
						 .alloc = alloc,
						 .free_calls = pt_fault_calls_free,
						 .close = close_source,
						 .fd = source_fd,
						 .take = take,
						 .snapshot = snapshot,
						 .steps = steps,
						 .step = step};

/* ---- views ------------------------------------------------------------------------------------------------------ */

static struct pt_fault_counts some(unsigned seconds, unsigned per_s, enum pt_fault_kind most, enum pt_fault_kind rest)
{
	struct pt_fault_counts c = {.events = (uint64_t)seconds * per_s, .per_s = per_s};
	c.kinds[rest] = c.events / 5;
	c.kinds[most] += c.events - c.kinds[rest];
	c.kernel = c.events / 10;
	c.major = most == PT_FAULT_SWAP_IN ? c.events / 2 : 0;
	return c;
}

static void add(struct pt_fault_counts *sum, const struct pt_fault_counts *c)
{
	sum->events += c->events;
	sum->major += c->major;
	sum->kernel += c->kernel;
	sum->per_s += c->per_s;
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		sum->kinds[i] += c->kinds[i];
}

static void make_vmas(struct pt_fault_view *v, unsigned seconds)
{
	const struct {
		const char *name;
		struct pt_fault_vma_row row;
	} made[] = {
		{"",
		 {0x55d100000000, 0x55d100020000, NULL, PT_ROLE_HEAP,
		  some(seconds, 900, PT_FAULT_FIRST_TOUCH, PT_FAULT_COW), (uint64_t)seconds * 720 * 4096}},
		{"",
		 {0x7f0000000000, 0x7f0000200000, NULL, PT_ROLE_ANON,
		  some(seconds, 400, PT_FAULT_HUGE, PT_FAULT_FIRST_TOUCH), (uint64_t)seconds << 21}},
		{PROGRAM,
		 {0x55d000000000, 0x55d000004000, NULL, PT_ROLE_TEXT,
		  some(seconds, 100, PT_FAULT_FILE_MAP, PT_FAULT_UNKNOWN), 0}},
		{"/dev/shm/a\xffsegment",
		 {0x7f1000000000, 0x7f1000010000, NULL, PT_ROLE_SHMEM,
		  some(seconds, 30, PT_FAULT_WRITE_PROTECT, PT_FAULT_NUMA), 0}},
		{"/gone\033[2J",
		 {0x7f5000000000, 0x7f5000010000, NULL, PT_ROLE_FILE,
		  some(seconds, 9, PT_FAULT_SWAP_IN, PT_FAULT_ZERO_WRITE), 0}},
	};
	v->n_vmas = sizeof made / sizeof *made;
	v->vmas = calloc(v->n_vmas, sizeof *v->vmas);
	for (size_t i = 0; i < v->n_vmas; i++) {
		v->vmas[i] = made[i].row;
		v->vmas[i].name = strdup(made[i].name);
		add(&v->all, &made[i].row.counts);
	}
}

static void make_addresses(struct pt_fault_view *v, unsigned seconds)
{
	v->n_addresses = 40;
	v->addresses = calloc(v->n_addresses, sizeof *v->addresses);
	for (unsigned i = 0; i < v->n_addresses; i++)
		v->addresses[i] = (struct pt_fault_address_row){
			.address = 0x55d100000000 + 4096 * i,
			.counts = some(seconds, 40 - i, PT_FAULT_COW, PT_FAULT_FIRST_TOUCH),
			.last = PT_FAULT_COW,
			.last_ns = v->to_ns - i * SECOND_NS / 8,
			.stack = i % 4 + 1};
	v->addresses[39].address = 0x7f9999999000;
	v->addresses[39].stack = 9; /* one that is not known */
}

static void make_threads(struct pt_fault_view *v, unsigned seconds)
{
	const struct pt_fault_thread_row rows[] = {
		{STAGE_PID, 100, "main", 3, 0, some(seconds, 1000, PT_FAULT_FIRST_TOUCH, PT_FAULT_FILE_MAP)},
		{STAGE_PID, 101, "w\033[7morker", 1, 1, some(seconds, 400, PT_FAULT_HUGE, PT_FAULT_COW)},
		{STAGE_PID, 102, "", 0, -1, some(seconds, 30, PT_FAULT_SWAP_IN, PT_FAULT_COW)},
		{150, 150, "child", 2, 0, some(seconds, 9, PT_FAULT_UNKNOWN, PT_FAULT_UNKNOWN)},
	};
	v->n_threads = sizeof rows / sizeof *rows;
	v->threads = calloc(v->n_threads, sizeof *v->threads);
	memcpy(v->threads, rows, sizeof rows);
	v->children = rows[3].counts;
	v->n_cpus = 4;
	v->cpus = calloc(v->n_cpus, sizeof *v->cpus);
	for (unsigned i = 0; i < v->n_cpus; i++)
		v->cpus[i] = (struct pt_fault_cpu_row){
			i, (int)(i / 2), some(seconds, 700 / (i + 1), PT_FAULT_FIRST_TOUCH, PT_FAULT_HUGE)};
}

static void make_stacks(struct pt_fault_view *v, unsigned seconds)
{
	static const unsigned per_s[] = {800, 300, 200, 100};
	v->n_stacks = 5;
	v->stacks = calloc(v->n_stacks, sizeof *v->stacks);
	for (unsigned i = 0; i < STACKS; i++) {
		struct pt_fault_stack_row *row = &v->stacks[i];
		*row = (struct pt_fault_stack_row){
			.id = i + 1,
			.counts = some(seconds, per_s[i], i ? PT_FAULT_COW : PT_FAULT_FIRST_TOUCH, PT_FAULT_FILE_MAP),
			.born = (uint64_t)seconds * per_s[i] * 4096,
			.still = (uint64_t)seconds * per_s[i] * 1024,
			.still_known = i != 2,
			.complete = i != 3};
		make_calls(stacks[i], &row->calls, &row->n_calls);
	}
	v->stacks[4] = (struct pt_fault_stack_row){.counts = some(seconds, 39, PT_FAULT_UNKNOWN, PT_FAULT_UNKNOWN),
						   .still_known = true};
}

static void make_repeaters(struct pt_fault_view *v, unsigned seconds)
{
	const struct {
		const char *name, *text;
		struct pt_fault_repeater row;
	} made[] = {
		{"[heap]",
		 "Compaction moves it again and again, though it is locked: vm.compact_unevictable_allowed is 1; 0 "
		 "leaves "
		 "locked pages where they are.",
		 {0x55d100003000, NULL, true, 4 * (uint64_t)seconds, PT_FAULT_MIGRATION, 250000000, true, v->to_ns,
		  PT_REPEAT_COMPACTION, NULL, 1}},
		{"",
		 "NUMA balancing hides it to learn who uses it: kernel.numa_balancing is 1.",
		 {0x7f0000004000, NULL, false, 2 * (uint64_t)seconds, PT_FAULT_NUMA, 500000000, false,
		  v->to_ns - SECOND_NS, PT_REPEAT_NUMA_BALANCING, NULL, 3}},
		{"/dev/shm/a\xffsegment",
		 "",
		 {0x7f1000002000, NULL, false, seconds, PT_FAULT_UNKNOWN, SECOND_NS, false, v->to_ns - 2 * SECOND_NS,
		  PT_REPEAT_UNKNOWN, NULL, 0}},
	};
	v->n_repeaters = sizeof made / sizeof *made;
	v->repeaters = calloc(v->n_repeaters, sizeof *v->repeaters);
	for (size_t i = 0; i < v->n_repeaters; i++) {
		v->repeaters[i] = made[i].row;
		v->repeaters[i].name = strdup(made[i].name);
		v->repeaters[i].text = strdup(made[i].text);
	}
}

static void make_allocs(struct pt_fault_view *v, unsigned seconds)
{
	const struct {
		const char *flags;
		struct pt_fault_alloc_row row;
	} made[] = {
		{"GFP_HIGHUSER_MOVABLE|__GFP_ZERO", {0, 1, 0, "Normal", NULL, 900 * seconds, 900 * seconds}},
		{"GFP_TRANSHUGE_LIGHT|__GFP_COMP", {9, 1, 1, "Normal", NULL, 3 * seconds, 1536 * seconds}},
		{"GFP_KERNEL_ACCOUNT", {0, 0, -1, "", NULL, seconds, seconds}},
		{"", {3, 77, 0, "DMA32", NULL, 1, 8}},
	};
	v->n_allocs = sizeof made / sizeof *made;
	v->allocs = calloc(v->n_allocs, sizeof *v->allocs);
	for (size_t i = 0; i < v->n_allocs; i++) {
		v->allocs[i] = made[i].row;
		v->allocs[i].flags = strdup(made[i].flags);
	}
	v->allocs_error = 0;
}

struct pt_fault_view *made_no_faults(unsigned seconds)
{
	struct pt_fault_view *v = pt_fault_view_new();
	v->pid = STAGE_PID;
	v->from_ns = FROM_NS;
	v->to_ns = FROM_NS + seconds * SECOND_NS;
	v->totals = (struct pt_fault_totals){.threads = 3, .cpus = 4, .kernel_mode = true};
	v->period = v->period_most = 1;
	v->cpu_share = 0.018;
	return v;
}

struct pt_fault_view *made_faults(unsigned seconds)
{
	struct pt_fault_view *v = made_no_faults(seconds);
	make_vmas(v, seconds);
	make_addresses(v, seconds);
	make_threads(v, seconds);
	make_stacks(v, seconds);
	make_repeaters(v, seconds);
	make_allocs(v, seconds);
	v->cpu_ns = (struct pt_maybe){400000000ull * seconds, true};
	v->faults_ns = (struct pt_maybe){12000000ull * seconds, true};
	v->fault_samples = 12 * seconds;
	v->totals.major = v->all.major;
	v->totals.minor = v->all.events + v->children.events - v->all.major;
	v->totals.told = v->all.events + v->children.events;
	return v;
}
