/*
 * The heap of tests/live/heap/target.c as pagetop sees it from outside, held against what the program says itself: every
 * object with its address and size and none besides, malloc_info's sums, what malloc_trim gave back.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hunt/heappages.h"
#include "tests/support/skip.h"

struct object {
	uint64_t address, size;
};

struct objects {
	struct object *v;
	size_t n, room;
};

struct scene {
	pid_t pid;
	int to;
	FILE *from;
	struct pt_kernel *k;
	struct pt_target target;
	struct objects said;                         /* by the program */
	uint64_t arena, free, fast, maps, mapped;    /* mallinfo2 */
	uint64_t fast_bytes, rest_bytes, rest_count; /* malloc_info */
};

struct look {
	struct pt_memory memory;
	struct pt_heap *heap;
	struct pt_heap_page *pages;
	size_t n_pages;
	struct pt_hunt_view *view;
	struct objects used;
};

/* ---- the program ------------------------------------------------------------------------------------------------ */

static void add(struct objects *objects, uint64_t address, uint64_t size)
{
	if (objects->n == objects->room) {
		objects->room = objects->room ? objects->room * 2 : 1024;
		objects->v = realloc(objects->v, objects->room * sizeof(*objects->v));
		assert_non_null(objects->v);
	}
	objects->v[objects->n++] = (struct object){address, size};
}

static int by_address(const void *a, const void *b)
{
	const struct object *x = a, *y = b;
	return x->address < y->address ? -1 : x->address > y->address;
}

/* Reads what it says, up to "ready". */
static void listen_to(struct scene *s)
{
	char line[256];
	s->said.n = 0;
	while (fgets(line, sizeof(line), s->from) && strcmp(line, "ready\n") != 0) {
		uint64_t address, size;
		sscanf(line, "info %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &s->arena, &s->free,
		       &s->fast, &s->maps, &s->mapped);
		sscanf(line, "<total type=\"fast\" count=\"%*u\" size=\"%" SCNu64 "\"", &s->fast_bytes);
		sscanf(line, "<total type=\"rest\" count=\"%" SCNu64 "\" size=\"%" SCNu64 "\"", &s->rest_count,
		       &s->rest_bytes);
		if (sscanf(line, "object %" SCNx64 " %" SCNu64, &address, &size) == 2)
			add(&s->said, address, size);
	}
	assert_string_equal(line, "ready\n");
	if (s->said.n)
		qsort(s->said.v, s->said.n, sizeof(*s->said.v), by_address);
}

static void go_on(struct scene *s)
{
	assert_int_equal(write(s->to, "\n", 1), 1);
	listen_to(s);
}

static void run(const char *program, const char *scenes, const int *in, const int *out)
{
	char words[64], *arguments[8] = {(char *)program}, *rest = words;
	snprintf(words, sizeof(words), "%s", scenes);
	for (size_t i = 1; i < 7 && (arguments[i] = strsep(&rest, " ")); i++)
		;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(in[0], 0);
	dup2(out[1], 1);
	execv(program, arguments);
	_exit(127);
}

/* Of a program beside this one. */
static void path_of(const char *name, char *ret, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", ret, size - 32);
	assert_true(length > 0);
	ret[length] = 0;
	snprintf(strrchr(ret, '/') + 1, 32, "%s", name);
}

/* One program, up to its first step. */
static void start(struct scene *s, const char *name, const char *scenes)
{
	char path[4096];
	int in[2], out[2];
	path_of(name, path, sizeof(path));
	*s = (struct scene){0};
	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (!s->pid)
		run(path, scenes, in, out);
	close(in[0]);
	close(out[1]);
	s->to = in[1];
	s->from = fdopen(out[0], "r");
	listen_to(s);
	assert_int_equal(pt_kernel_linux_new(&s->k, "/", 0), 0);
	assert_int_equal(pt_target_open(&s->target, s->k, s->pid, NULL), 0);
}

static void end(struct scene *s)
{
	pt_target_close(&s->target);
	pt_kernel_free(s->k);
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	close(s->to);
	fclose(s->from);
	free(s->said.v);
}

/* ---- looking at it ---------------------------------------------------------------------------------------------- */

static void look_at(struct scene *s, struct look *ret)
{
	struct pt_heap_cursor cursor;
	*ret = (struct look){.view = pt_hunt_view_new()};
	assert_int_equal(pt_memory_look(&ret->memory, &s->target, false), 0);
	assert_int_equal(pt_heap_read(&ret->heap, &ret->memory), 0);
	assert_int_equal(pt_heap_pages(ret->heap, &ret->memory, NULL, 0, &ret->pages, &ret->n_pages), 0);
	pt_heap_sum(ret->heap, &ret->memory, NULL, 0, ret->pages, ret->n_pages, ret->view);
	pt_chunk_id next = 0;
	for (bool more = pt_heap_seek(ret->heap, 0, &cursor); more; more = pt_heap_next(&cursor)) {
		struct pt_chunk chunk;
		assert_int_equal(cursor.id, next++);
		pt_heap_chunk(ret->heap, cursor.id, &chunk);
		assert_int_equal(chunk.address, cursor.start + 16);
		assert_int_equal(chunk.size, cursor.end - chunk.address);
		assert_int_equal(pt_heap_find(ret->heap, cursor.start), cursor.id);
		assert_int_equal(pt_heap_find(ret->heap, cursor.end - 9), cursor.id);
		if (chunk.kind == PT_CHUNK_USED)
			add(&ret->used, chunk.address, chunk.size);
	}
	assert_int_equal(next, pt_heap_n(ret->heap));
	assert_int_equal(pt_heap_broken(ret->heap), 0);
}

static void look_away(struct look *look)
{
	pt_heap_free(look->heap);
	pt_memory_free(&look->memory);
	pt_hunt_view_unref(look->view);
	free(look->pages);
	free(look->used.v);
}

static bool has(const struct objects *objects, const struct object *object)
{
	const struct object *found = objects->n ? bsearch(object, objects->v, objects->n, sizeof(*object), by_address)
						: NULL;
	return found && found->size == object->size;
}

/* What is used now is what was used before, and what the program says it has. */
static void compare(const struct scene *s, const struct look *before, const struct look *now)
{
	size_t wrong = 0;
	for (size_t i = 0; i < s->said.n; i++)
		if (!has(&now->used, &s->said.v[i]) && wrong++ < 5)
			print_error("missing: %" PRIx64 ", %" PRIu64 "\n", s->said.v[i].address, s->said.v[i].size);
	for (size_t i = 0; i < now->used.n; i++)
		if (!has(&s->said, &now->used.v[i]) && !has(&before->used, &now->used.v[i]) && wrong++ < 5)
			print_error("too many: %" PRIx64 ", %" PRIu64 "\n", now->used.v[i].address,
				    now->used.v[i].size);
	assert_int_equal(wrong, 0);
	assert_int_equal(now->used.n, s->said.n + before->used.n);
}

static void compare_sums(const struct scene *s, const struct look *now)
{
	const struct pt_heap_sums *sums = &now->view->heap;
	size_t n_arenas;
	pt_heap_arenas(now->heap, &n_arenas);
	assert_int_equal(sums->system - sums->mmapped, s->arena);
	assert_int_equal(sums->free + sums->top, s->free);
	assert_int_equal(sums->n_mmapped, s->maps);
	assert_in_range(s->mapped, sums->mmapped, sums->mmapped + 16 * s->maps); /* 2.43 adds 16 with each realloc */
	assert_int_equal(sums->used + sums->free + sums->cached + sums->own + sums->top, sums->system);
	/* malloc_info counts the lowest bit of each size in bins as well, and each top as one of "rest" */
	uint64_t rest = s->rest_bytes - (s->rest_count - n_arenas);
	assert_int_equal(sums->free + sums->top, s->fast_bytes + rest);
	uint64_t used = 0, unused = 0, own = 0;
	for (size_t i = 0; i < now->n_pages; i++) {
		used += now->pages[i].used;
		unused += now->pages[i].free;
		own += now->pages[i].own;
		assert_true(i == 0 || now->pages[i].address > now->pages[i - 1].address);
	}
	assert_int_equal(used + unused + own, sums->resident);
	assert_int_equal(used, sums->used_resident);
	assert_int_equal(unused, sums->free_bytes_resident);
}

/* ---- page by page ----------------------------------------------------------------------------------------------- */

static int page_by_address(const void *key, const void *page)
{
	uint64_t address = *(const uint64_t *)key;
	const struct pt_heap_page *p = page;
	return address < p->address ? -1 : address > p->address;
}

/* Bytes of objects on each page. */
static uint16_t *bytes_on(const struct look *look, const struct objects *objects)
{
	uint16_t *bytes = calloc(look->n_pages + 1, sizeof(*bytes));
	assert_non_null(bytes);
	for (size_t i = 0; i < objects->n; i++) {
		uint64_t end = objects->v[i].address + objects->v[i].size;
		for (uint64_t at = objects->v[i].address; at < end; at = (at | 4095) + 1) {
			uint64_t page = at & ~4095ull, to = page + 4096 < end ? page + 4096 : end;
			const struct pt_heap_page *found = bsearch(&page, look->pages, look->n_pages, sizeof(*found),
								   page_by_address);
			if (found)
				bytes[found - look->pages] = (uint16_t)(bytes[found - look->pages] + (to - at));
		}
	}
	return bytes;
}

static enum pt_heap_page_kind kind_of(uint16_t lost, uint16_t used)
{
	if (lost)
		return lost < used ? PT_HEAP_PAGE_MIXED : PT_HEAP_PAGE_LEAKED;
	return used ? PT_HEAP_PAGE_LIVE : PT_HEAP_PAGE_NONE;
}

/* Everything that the program says it has is lost, say, but for each third object, of which some are weak. */
static void compare_pages(const struct scene *s, struct look *now)
{
	struct pt_leak_object *objects = calloc(s->said.n, sizeof(*objects));
	struct objects lost = {0};
	size_t n = 0, leaked = 0;
	assert_non_null(objects);
	for (size_t i = 0; i < s->said.n; i++) {
		if (i % 3 == 0)
			continue;
		objects[n++] = (struct pt_leak_object){.address = s->said.v[i].address,
						       .size = s->said.v[i].size,
						       .tier = i % 30 == 1 ? PT_LEAK_WEAK : PT_LEAK_LEAKED};
		if (i % 30 != 1)
			add(&lost, s->said.v[i].address, s->said.v[i].size);
	}
	free(now->pages);
	now->pages = NULL;
	assert_int_equal(pt_heap_pages(now->heap, &now->memory, objects, n, &now->pages, &now->n_pages), 0);
	pt_heap_sum(now->heap, &now->memory, objects, n, now->pages, now->n_pages, now->view);
	uint16_t *used_on = bytes_on(now, &now->used), *lost_on = bytes_on(now, &lost);
	for (size_t i = 0; i < now->n_pages; i++) {
		const struct pt_heap_page *page = &now->pages[i];
		enum pt_heap_page_kind kind = kind_of(lost_on[i], used_on[i]);
		assert_int_equal(page->used, used_on[i]);
		assert_int_equal(page->lost, lost_on[i]);
		assert_int_equal(page->used + page->free + page->own, 4096);
		if (kind != PT_HEAP_PAGE_NONE)
			assert_int_equal(page->kind, kind);
		else
			assert_int_equal(page->kind, page->free ? PT_HEAP_PAGE_FREE : PT_HEAP_PAGE_OWN);
		leaked += kind == PT_HEAP_PAGE_LEAKED;
	}
	assert_true(leaked > 0);
	assert_int_equal(now->view->tiers[PT_LEAK_LEAKED].pages, leaked);
	free(objects);
	free(lost.v);
	free(used_on);
	free(lost_on);
}

static void hold_against(const char *program, const char *scenes)
{
	struct scene s;
	struct look before, now, trimmed;
	start(&s, program, scenes);
	look_at(&s, &before);
	go_on(&s);
	look_at(&s, &now);
	assert_true(s.said.n > 1000);
	compare(&s, &before, &now);
	compare_sums(&s, &now);
	compare_pages(&s, &now);
	assert_memory_equal(pt_heap_version(now.heap), "glibc", 5); /* a static program may not hold the number */
	go_on(&s);
	look_at(&s, &trimmed);
	assert_int_equal(trimmed.used.n, now.used.n);
	assert_int_equal(now.view->heap.resident - trimmed.view->heap.resident, now.view->heap.free_resident);
	assert_int_equal(trimmed.view->heap.free_resident, 0);
	look_away(&before);
	look_away(&now);
	look_away(&trimmed);
	end(&s);
}

static void one_thread(void **state)
{
	(void)state;
	hold_against("heap-target", "");
}

static void several_arenas(void **state)
{
	(void)state;
	hold_against("heap-target", "threads");
}

static void an_arena_of_several_heaps(void **state)
{
	(void)state;
	hold_against("heap-target", "threads large");
}

static void chunks_mapped_one_by_one(void **state)
{
	(void)state;
	hold_against("heap-target", "mapped threads");
}

static void memory_of_brk_that_is_the_programs(void **state)
{
	(void)state;
	hold_against("heap-target", "sbrk");
}

static void a_main_arena_in_pieces(void **state)
{
	(void)state;
	hold_against("heap-target", "blocked mapped");
}

static void a_static_program(void **state)
{
	(void)state;
	char path[4096];
	path_of("heap-target-static", path, sizeof(path));
	if (access(path, X_OK) != 0)
		skip_because("there is no static libc to link with");
	hold_against("heap-target-static", "threads mapped");
}

static void without_tcache(void **state)
{
	(void)state;
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	hold_against("heap-target", "threads");
	unsetenv("GLIBC_TUNABLES");
}

/* What is free in huge pages that a few objects hold. */
static void huge_pages_with_holes(void **state)
{
	(void)state;
	struct scene s;
	struct look now;
	setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 1);
	start(&s, "heap-target", "holes");
	unsetenv("GLIBC_TUNABLES");
	go_on(&s);
	look_at(&s, &now);
	uint64_t huge = 0, pinned = now.view->heap.pinned_huge;
	for (size_t i = 0; i < now.memory.huge.n; i++)
		huge += now.memory.huge.v[i].end - now.memory.huge.v[i].start;
	uint64_t unused = now.view->heap.free_bytes_resident;
	look_away(&now);
	end(&s);
	if (huge < 16 << 20)
		skip_because("no huge pages for malloc here");
	assert_in_range(pinned, huge / 2, unused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread),
		cmocka_unit_test(several_arenas),
		cmocka_unit_test(an_arena_of_several_heaps),
		cmocka_unit_test(chunks_mapped_one_by_one),
		cmocka_unit_test(memory_of_brk_that_is_the_programs),
		cmocka_unit_test(a_main_arena_in_pieces),
		cmocka_unit_test(a_static_program),
		cmocka_unit_test(without_tcache),
		cmocka_unit_test(huge_pages_with_holes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
