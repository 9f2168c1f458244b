/*
 * See scripted_hunt.h. Worker and test share it under one mutex.
 */
#include "tests/support/scripted_hunt.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/support/stage.h"

#define HEAP  0x55d100000000ull /* of the process on stage: 10 present pages */
#define PAGES 10u

struct scripted_hunt scripted_hunt;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the source ------------------------------------------------------------------------------------------------- */

static void free_object(struct pt_object *object)
{
	pt_object_free(object);
}

void scripted_hunt_begin(void)
{
	scripted_hunt = (struct scripted_hunt){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
					       .progress = {.done = -1, .suspects = UINT64_MAX}};
}

void scripted_hunt_end(void)
{
	pthread_mutex_lock(&lock);
	pt_hunt_view_unref(scripted_hunt.next);
	free_object(scripted_hunt.answer);
	scripted_hunt.next = NULL;
	scripted_hunt.answer = NULL;
	pthread_mutex_unlock(&lock);
	close(scripted_hunt.fd);
}

void scripted_hunt_progress(enum pt_hunt_stage stage, unsigned pass, double done, uint64_t suspects)
{
	pthread_mutex_lock(&lock);
	scripted_hunt.progress = (struct pt_hunt_progress){stage, pass, done, suspects};
	eventfd_write(scripted_hunt.fd, 1);
	pthread_mutex_unlock(&lock);
}

void scripted_hunt_push(struct pt_hunt_view *view, bool pages)
{
	pthread_mutex_lock(&lock);
	pt_hunt_view_unref(scripted_hunt.next);
	scripted_hunt.next = view;
	scripted_hunt.has_pages = pages;
	scripted_hunt.progress = (struct pt_hunt_progress){PT_HUNT_DONE, 3, 1, 7};
	eventfd_write(scripted_hunt.fd, 1);
	pthread_mutex_unlock(&lock);
}

void scripted_hunt_fail(int error)
{
	pthread_mutex_lock(&lock);
	scripted_hunt.error = error;
	eventfd_write(scripted_hunt.fd, 1);
	pthread_mutex_unlock(&lock);
}

void scripted_hunt_reply(struct pt_object *object, int error)
{
	pthread_mutex_lock(&lock);
	free_object(scripted_hunt.answer);
	scripted_hunt.answer = object;
	scripted_hunt.answer_error = error;
	eventfd_write(scripted_hunt.fd, 1);
	pthread_mutex_unlock(&lock);
}

static int open_source(void **ret, pid_t pid, const struct pt_hunt_options *options)
{
	pthread_mutex_lock(&lock);
	int error = pid == STAGE_PID ? scripted_hunt.open_error : -ESRCH;
	scripted_hunt.opened += !error;
	scripted_hunt.options = *options;
	pthread_mutex_unlock(&lock);
	*ret = error ? NULL : &scripted_hunt;
	return error;
}

static void close_source(void *self)
{
	struct scripted_hunt *h = self;
	pthread_mutex_lock(&lock);
	h->closed++;
	pthread_mutex_unlock(&lock);
}

static int source_fd(void *self)
{
	return ((struct scripted_hunt *)self)->fd;
}

static struct pt_hunt_progress progress(void *self)
{
	struct scripted_hunt *h = self;
	eventfd_t count;
	pthread_mutex_lock(&lock);
	struct pt_hunt_progress now = h->progress;
	eventfd_read(h->fd, &count);
	pthread_mutex_unlock(&lock);
	return now;
}

static struct pt_hunt_view *take(void *self, int *ret_error)
{
	struct scripted_hunt *h = self;
	pthread_mutex_lock(&lock);
	struct pt_hunt_view *view = h->next;
	h->next = NULL;
	*ret_error = view ? 0 : h->error;
	h->error = 0;
	pthread_mutex_unlock(&lock);
	return view;
}

/* Of the first ten pages of the heap: one or more of each kind. */
static int pages(void *self, struct pt_heap_page **ret, size_t *ret_n)
{
	static const struct pt_heap_page kinds[PAGES] = {
		{0, 2000, 2000, 96, 0, PT_HEAP_PAGE_LIVE, false},   {0, 4000, 0, 96, 4000, PT_HEAP_PAGE_LEAKED, false},
		{0, 4000, 0, 96, 4000, PT_HEAP_PAGE_LEAKED, false}, {0, 3000, 1000, 96, 500, PT_HEAP_PAGE_MIXED, false},
		{0, 4000, 0, 96, 0, PT_HEAP_PAGE_LIVE, false},      {0, 4000, 0, 96, 0, PT_HEAP_PAGE_LIVE, false},
		{0, 0, 4096, 0, 0, PT_HEAP_PAGE_FREE, false},       {0, 0, 4096, 0, 0, PT_HEAP_PAGE_FREE, false},
		{0, 0, 0, 4096, 0, PT_HEAP_PAGE_OWN, false},        {0, 4000, 0, 96, 0, PT_HEAP_PAGE_LIVE, false}};
	struct scripted_hunt *h = self;
	if (!h->has_pages)
		return -ENODATA;
	*ret = malloc(sizeof kinds);
	memcpy(*ret, kinds, sizeof kinds);
	for (size_t i = 0; i < PAGES; i++)
		(*ret)[i].address = HEAP + i * 4096;
	*ret_n = PAGES;
	return 0;
}

static void ask(void *self, uint64_t address)
{
	struct scripted_hunt *h = self;
	pthread_mutex_lock(&lock);
	h->asked = address;
	h->asks++;
	pthread_mutex_unlock(&lock);
}

static struct pt_object *answer(void *self, int *ret_error)
{
	struct scripted_hunt *h = self;
	pthread_mutex_lock(&lock);
	struct pt_object *object = h->answer;
	h->answer = NULL;
	*ret_error = h->answer_error;
	h->answer_error = 0;
	pthread_mutex_unlock(&lock);
	return object;
}

const struct ui_hunt_ops scripted_hunt_ops = {.open = open_source,
					      .close = close_source,
					      .fd = source_fd,
					      .progress = progress,
					      .take = take,
					      .pages = pages,
					      .ask = ask,
					      .answer = answer,
					      .free_object = free_object};

/* ---- views ------------------------------------------------------------------------------------------------------ */

struct pt_hunt_view *made_clean_hunt(void)
{
	struct pt_hunt_view *v = pt_hunt_view_new();
	v->pid = STAGE_PID;
	v->allocator = strdup("glibc 2.36");
	v->verdict = v->converged = true;
	v->passes = 2;
	v->stopped_ns_max = 120000;
	v->ns = 412000000;
	v->at_ns = 1000000000000ull;
	v->objects_used = 512345;
	v->sites_error = -ENODATA;
	v->heap = (struct pt_heap_sums){.system = 40 << 20,
					.used = 30 << 20,
					.free = 6 << 20,
					.cached = 300 << 10,
					.own = 2 << 20,
					.top = 1700 << 10,
					.resident = 38 << 20,
					.used_resident = 30 << 20,
					.free_resident = 2 << 20,
					.free_bytes_resident = 6 << 20,
					.pinned_huge = 1 << 20,
					.mmapped = 5 << 20,
					.n_mmapped = 3};
	return v;
}

struct pt_hunt_view *made_no_verdict(const char *allocator, const char *why)
{
	struct pt_hunt_view *v = pt_hunt_view_new();
	v->pid = STAGE_PID;
	v->allocator = allocator ? strdup(allocator) : NULL;
	v->why = why ? strdup(why) : NULL;
	v->at_ns = 1000000000000ull;
	v->sites_error = -ENODATA;
	return v;
}

static const struct {
	uint64_t size, count[PT_LEAK_TIERS];
	enum pt_leak_word word;
	const char *name;
	uint64_t value;
} groups[] = {
	{440, {1200, 0, 0}, PT_LEAK_WORD_CLASS, "net::TlsConnection", 0},
	{40, {5000, 0, 0}, PT_LEAK_WORD_NONE, NULL, 0},
	{72, {1200, 0, 0}, PT_LEAK_WORD_TEXT, "a host\033[31m name.example", 0},
	{24, {0, 90, 0}, PT_LEAK_WORD_SYMBOL, "free_list", 0},
	{4096, {3, 0, 0}, PT_LEAK_WORD_ZERO, NULL, 0},
	{56, {0, 0, 17}, PT_LEAK_WORD_VALUE, NULL, 0x4141414141414141},
};
#define GROUPS (sizeof groups / sizeof *groups)

static void make_groups(struct pt_hunt_view *v)
{
	size_t at = 0;
	for (size_t g = 0; g < GROUPS; g++)
		for (int t = 0; t < PT_LEAK_TIERS; t++)
			v->n_objects += groups[g].count[t];
	v->n_groups = GROUPS;
	v->groups = calloc(GROUPS, sizeof *v->groups);
	v->objects = calloc(v->n_objects, sizeof *v->objects);
	for (size_t g = 0; g < GROUPS; g++) {
		struct pt_leak_group *group = &v->groups[g];
		*group = (struct pt_leak_group){
			.size = groups[g].size, .word = groups[g].word, .value = groups[g].value};
		group->name = groups[g].name ? strdup(groups[g].name) : NULL;
		group->example = (uint32_t)at;
		for (unsigned t = 0; t < PT_LEAK_TIERS; t++) {
			uint64_t n = groups[g].count[t], bytes = n * group->size;
			group->tiers[t] = (struct pt_leak_sum){.count = n, .bytes = bytes};
			v->tiers[t].count += n;
			v->tiers[t].bytes += bytes;
			for (uint64_t i = 0; i < n; i++, at++)
				v->objects[at] = (struct pt_leak_object){.address = MADE_LOST + 4096 * at,
									 .size = group->size,
									 .tier = (uint8_t)t,
									 .group = (uint32_t)g,
									 .root = (uint32_t)at};
		}
	}
}

static void add_leak(struct pt_hunt_view *v, struct pt_leak leak)
{
	leak.bytes = v->objects[leak.root].size;
	for (uint64_t i = 1; i < leak.count; i++)
		leak.bytes += v->groups[leak.most].size;
	leak.group = v->objects[leak.root].group;
	leak.tier = v->objects[leak.root].tier;
	v->leaks[v->n_leaks++] = leak;
}

/* 1,200 connections with their host each, a list of 5,000, and the rest one by one. */
static void make_leaks(struct pt_hunt_view *v)
{
	v->leaks = calloc(v->n_objects, sizeof *v->leaks);
	for (uint32_t i = 0; i < 1200; i++) {
		v->objects[6200 + i].root = i;
		add_leak(v, (struct pt_leak){.root = i, .count = 2, .most = 2});
	}
	for (uint32_t i = 1201; i < 6200; i++)
		v->objects[i].root = 1200;
	add_leak(v, (struct pt_leak){.root = 1200, .count = 5000, .most = 1, .cycle = true});
	for (uint32_t i = 7400; i < v->n_objects; i++)
		add_leak(v, (struct pt_leak){.root = i, .count = 1, .most = v->objects[i].group});
}

static void make_call(struct pt_leak_call *call, const char *symbol, const char *file, int line)
{
	*call = (struct pt_leak_call){.ip = 0x55d000001234,
				      .offset = 0x1234,
				      .symbol = symbol ? strdup(symbol) : NULL,
				      .module = strdup("/usr/bin/program"),
				      .file = file ? strdup(file) : NULL,
				      .line = line};
}

static void make_sites(struct pt_hunt_view *v)
{
	static const char *const outer[] = {"accept_client", "loop", "main"};
	v->sites_error = 0;
	v->n_sites = 2;
	v->sites = calloc(2, sizeof *v->sites);
	v->sites[0] =
		(struct pt_leak_site){.complete = true, .samples = 340, .leaked = 338, .size = 440, .bytes = 528000};
	v->sites[1] = (struct pt_leak_site){.complete = false, .samples = 51, .leaked = 9, .size = 40, .bytes = 200000};
	v->sites[0].n_calls = 4;
	v->sites[0].calls = calloc(4, sizeof *v->sites[0].calls);
	make_call(&v->sites[0].calls[0], "net::TlsConnection::make(int)", "/src/program/tls.cc", 88);
	for (int i = 0; i < 3; i++)
		make_call(&v->sites[0].calls[i + 1], outer[i], "/src/program/server.cc", 100 * i + 17);
	v->sites[1].n_calls = 1;
	v->sites[1].calls = calloc(1, sizeof *v->sites[1].calls);
	make_call(&v->sites[1].calls[0], NULL, NULL, 0);
}

struct pt_hunt_view *made_hunt(void)
{
	struct pt_hunt_view *v = made_clean_hunt();
	v->passes = 3;
	make_groups(v);
	make_leaks(v);
	v->tiers[PT_LEAK_LEAKED].pages = 190;
	return v;
}

struct pt_hunt_view *made_hunt_with_sites(void)
{
	struct pt_hunt_view *v = made_hunt();
	make_sites(v);
	return v;
}

/* ---- objects ---------------------------------------------------------------------------------------------------- */

static struct pt_object *made_object(uint64_t address, enum pt_reached reached)
{
	struct pt_object *o = calloc(1, sizeof *o);
	*o = (struct pt_object){.asked = address,
				.address = address,
				.size = 440,
				.kind = PT_CHUNK_USED,
				.found = true,
				.reached = reached};
	o->class_name = strdup("net::TlsConnection");
	o->n_bytes = 440;
	o->bytes = malloc(440);
	for (size_t i = 0; i < 440; i++)
		o->bytes[i] = i < 64 ? (unsigned char)"GET /index.html HTTP/1.1"[i % 24] : (unsigned char)i;
	o->out = calloc(2, sizeof *o->out);
	o->n_out = o->out_all = 2;
	o->out[0] =
		(struct pt_link){.place = address + 8, .value = 0x55d100003010, .object = 0x55d100003010, .size = 72};
	o->out[1] = (struct pt_link){
		.place = address + 16, .value = 0x55d100004020, .object = 0x55d100004010, .size = 4096, .weak = true};
	return o;
}

struct pt_object *made_lost_object(void)
{
	return made_object(MADE_LOST, PT_REACHED_NOT);
}

struct pt_object *made_live_object(void)
{
	struct pt_object *o = made_object(MADE_LIVE, PT_REACHED);
	o->path = calloc(3, sizeof *o->path);
	o->n_path = 3;
	o->path[0] = (struct pt_link){.place = 0x55d000004088,
				      .value = 0x55d100005010,
				      .object = 0x55d100005010,
				      .size = 0,
				      .is_root = true,
				      .kind = PT_ROOT_DATA,
				      .name = strdup("server+0x88 (program)")};
	o->path[1] = (struct pt_link){
		.place = 0x55d100005018, .value = 0x55d100006010, .object = 0x55d100005010, .size = 128};
	o->path[2] =
		(struct pt_link){.place = 0x55d100006020, .value = MADE_LIVE, .object = 0x55d100006010, .size = 64};
	o->in = calloc(2, sizeof *o->in);
	o->n_in = 2;
	o->in_all = 300;
	o->in[0] = (struct pt_link){.place = 0x55d100006020, .value = MADE_LIVE, .object = 0x55d100006010, .size = 64};
	o->in[1] = (struct pt_link){
		.value = MADE_LIVE, .is_root = true, .kind = PT_ROOT_REGISTER, .name = strdup("rbx of thread 100")};
	return o;
}
