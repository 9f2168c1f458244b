/*
 * Objects of a child asked about: what is in them, who points at them, what they point at, and why they are alive, with the
 * names of variables, calls and descriptors.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hunt/ask.h"
#include "tests/support/child.h"
#include "tests/support/skip.h"

#define LONG_LIST 30000u

struct node {
	struct node *next;
	char text[40];
};

static struct {
	uint64_t before[4];
	struct node *list, *shared;
} anchor __attribute__((used)); /* global, of the child */
static uint64_t coded[16];      /* addresses, so that these are no pointers */

static struct node *make(struct node *next, const char *text)
{
	struct node *node = calloc(1, sizeof(*node));
	child_need(node != NULL, "memory");
	node->next = next;
	snprintf(node->text, sizeof(node->text), "%s", text);
	return node;
}

/* What is left of calls before would be pointers too. */
static __attribute__((noinline)) void wipe_stack(void)
{
	volatile char bytes[16384];
	memset((char *)bytes, 0, sizeof(bytes));
	__asm__ volatile("" : : "r"(bytes) : "memory"); /* nobody reads them, as a compiler sees it */
}

static __attribute__((noinline)) void build(void)
{
	struct node *lost = make(make(make(NULL, "third"), "second"), "first");
	struct node *list = make(make(make(NULL, "end"), "middle"), "begin");
	anchor.list = list;
	coded[0] = ~(uint64_t)(uintptr_t)list->next->next;
	coded[1] = ~(uint64_t)(uintptr_t)lost->next;
	coded[2] = ~(uint64_t)(uintptr_t)lost;
	struct node *last = make(NULL, "last of many");
	coded[3] = ~(uint64_t)(uintptr_t)last;
	for (unsigned i = 0; i < LONG_LIST; i++)
		last = make(last, "one of many");
	anchor.shared = last;
	struct node *watched = make(NULL, "watched");
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watched};
	int fd = epoll_create1(0), pipes[2];
	child_need(fd >= 0 && !pipe(pipes) && !epoll_ctl(fd, EPOLL_CTL_ADD, pipes[0], &event), "epoll");
	coded[4] = ~(uint64_t)(uintptr_t)watched;
	coded[5] = (uint64_t)fd;
}

/* Keeps an object in its own frame alone. */
static __attribute__((noinline)) void keeper(struct child *self)
{
	struct node *volatile kept = make(make(NULL, "behind"), "kept");
	coded[6] = ~(uint64_t)(uintptr_t)kept->next;
	wipe_stack();
	for (size_t i = 0; i < 7; i++)
		child_say(self, coded[i] + 1); /* 0 is another word */
	kept->text[0] = 'K';
}

static void run(struct child *self)
{
	build();
	wipe_stack();
	keeper(self);
}

struct world {
	struct child child;
	struct pt_kernel *k;
	struct pt_target target;
	struct pt_unwinder *u;
	uint64_t said[7];
};

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	*state = w;
	w->child = child_start(run);
	for (size_t i = 0; i < 7; i++) {
		w->said[i] = child_wait(&w->child) - 1;
		if (i < 6)
			child_go(&w->child);
		if (i != 5)
			w->said[i] = ~w->said[i];
	}
	assert_int_equal(pt_kernel_linux_new(&w->k, "/", 0), 0);
	assert_int_equal(pt_target_open(&w->target, w->k, w->child.pid, NULL), 0);
	assert_int_equal(pt_unwinder_new(&w->u, w->k, w->child.pid), 0);
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	pt_unwinder_free(w->u);
	pt_target_close(&w->target);
	pt_kernel_free(w->k);
	child_end(&w->child);
	free(w);
	return 0;
}

/* NULL: the child's heap is not known, as under a sanitizer. */
static struct pt_object *ask(struct world *w, uint64_t address, size_t links)
{
	struct pt_object *object = NULL;
	const struct pt_ask_options options = {.links = links};
	int error = pt_hunt_ask(&object, &w->target, w->u, address, &options);
	if (error == -ENOTSUP)
		return NULL;
	assert_int_equal(error, 0);
	assert_true(object->found);
	assert_int_equal(object->kind, PT_CHUNK_USED);
	assert_true(object->size >= sizeof(struct node));
	return object;
}

#define asked(object)                                                                                                  \
	do {                                                                                                           \
		if (!(object))                                                                                         \
			skip_because("no heap of glibc here");                                                         \
	} while (0)

static void a_live_one_has_a_path(void **state)
{
	struct world *w = *state;
	struct pt_object *o = ask(w, w->said[0], 0);
	asked(o);
	assert_int_equal(o->address, w->said[0]);
	assert_int_equal(o->reached, PT_REACHED);
	assert_string_equal((char *)o->bytes + offsetof(struct node, text), "end");
	assert_int_equal(o->n_path, 3);
	assert_int_equal(o->path_all, 3);
	assert_true(o->path[0].is_root);
	assert_int_equal(o->path[0].kind, PT_ROOT_DATA);
	assert_non_null(strstr(o->path[0].name, "anchor+0x20 (test_live_ask"));
	assert_int_equal(o->path[0].value, o->path[1].object);
	assert_int_equal(o->path[1].value, o->path[2].object);
	assert_int_equal(o->path[2].value, o->address);
	assert_int_equal(o->path[2].place, o->path[2].object);
	assert_false(o->path[2].is_root);
	assert_int_equal(o->n_in, 1);
	assert_int_equal(o->in[0].object, o->path[2].object);
	assert_int_equal(o->in_all, 1);
	assert_int_equal(o->n_out, 0);
	pt_object_free(o);
}

static void a_lost_one_has_none(void **state)
{
	struct world *w = *state;
	struct pt_object *o = ask(w, w->said[1] + 9, 0); /* somewhere inside */
	asked(o);
	assert_int_equal(o->address, w->said[1]);
	assert_int_equal(o->reached, PT_REACHED_NOT);
	assert_int_equal(o->n_path, 0);
	assert_int_equal(o->n_in, 1);
	assert_int_equal(o->in[0].object, w->said[2]);
	assert_int_equal(o->in[0].value, o->address);
	assert_int_equal(o->n_out, 1);
	assert_int_equal(o->out[0].place, o->address);
	pt_object_free(o);
	o = ask(w, w->said[2], 0);
	assert_int_equal(o->n_in, 0);
	assert_int_equal(o->n_out, 1);
	assert_int_equal(o->out[0].object, w->said[1]);
	assert_false(o->out[0].weak);
	pt_object_free(o);
}

static void of_a_long_path_the_middle_is_left_out(void **state)
{
	struct world *w = *state;
	struct pt_object *o = ask(w, w->said[3], 7);
	asked(o);
	assert_int_equal(o->path_all, LONG_LIST + 1);
	assert_int_equal(o->n_path, 7);
	assert_non_null(strstr(o->path[0].name, "anchor+0x28"));
	for (size_t i = 1; i < 7; i++)
		assert_true(i == 3 || o->path[i].object == o->path[i - 1].value);
	assert_true(o->path[3].object != o->path[2].value);
	assert_int_equal(o->path[6].value, o->address);
	pt_object_free(o);
}

static void a_frame_has_its_functions_name(void **state)
{
	struct world *w = *state;
	struct pt_object *o = ask(w, w->said[6], 0);
	asked(o);
	assert_int_equal(o->n_path, 2);
	assert_int_equal(o->path[0].kind, PT_ROOT_STACK);
	assert_true(!strncmp(o->path[0].name, "keeper", 6));
	assert_non_null(strstr(o->path[0].name, ", frame "));
	pt_object_free(o);
}

static void epoll_holds_too(void **state)
{
	struct world *w = *state;
	struct pt_object *o = ask(w, w->said[4], 0);
	char name[32];
	asked(o);
	snprintf(name, sizeof(name), "epoll %d", (int)w->said[5]);
	assert_int_equal(o->n_path, 1);
	assert_string_equal(o->path[0].name, name);
	assert_int_equal(o->path[0].place, 0);
	assert_int_equal(o->n_in, 1);
	assert_int_equal(o->in[0].kind, PT_ROOT_EPOLL);
	pt_object_free(o);
}

static bool at_once(void *arg)
{
	(void)arg;
	return true;
}

static void what_is_no_object(void **state)
{
	struct world *w = *state;
	struct pt_object *o = NULL;
	const struct pt_ask_options options = {0}, cancel = {.cancelled = at_once};
	int error = pt_hunt_ask(&o, &w->target, w->u, 0x1000, &options);
	if (error == -ENOTSUP)
		skip_because("no heap of glibc here");
	assert_int_equal(error, 0);
	assert_false(o->found);
	assert_int_equal(o->n_in + o->n_out + o->n_path, 0);
	pt_object_free(o);
	assert_int_equal(pt_hunt_ask(&o, &w->target, w->u, w->said[0], &cancel), -ECANCELED);
	child_end(&w->child);
	assert_int_equal(pt_hunt_ask(&o, &w->target, w->u, w->said[0], &options), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_live_one_has_a_path),
		cmocka_unit_test(a_lost_one_has_none),
		cmocka_unit_test(of_a_long_path_the_middle_is_left_out),
		cmocka_unit_test(a_frame_has_its_functions_name),
		cmocka_unit_test(epoll_holds_too),
		cmocka_unit_test(what_is_no_object), /* ends the child */
	};
	return cmocka_run_group_tests_name("ask", tests, begin, end);
}
