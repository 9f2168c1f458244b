/*
 * What one pass finds in tests/live/reach/target.c: as it is; with no room for edges, so that memory is read again; with
 * parents; of suspects alone. All find the same, and that is the truth.
 */
#include <errno.h>
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

#include "core/hunt/reach.h"

struct said {
	char what[8];
	uint64_t address;
};

struct scene {
	pid_t pid;
	int to;
	struct pt_kernel *k;
	struct pt_target target;
	struct said *said; /* [n] */
	size_t n;
	struct pt_memory memory;
	struct pt_heap *heap;
	struct pt_roots roots;
};

/* ---- the program ------------------------------------------------------------------------------------------------ */

static void listen_to(struct scene *s, FILE *from)
{
	char line[64];
	s->said = calloc(100000, sizeof(*s->said));
	while (fgets(line, sizeof(line), from) && strcmp(line, "ready\n") != 0) {
		struct said *said = &s->said[s->n++];
		assert_int_equal(sscanf(line, "%7s %" SCNx64, said->what, &said->address), 2);
	}
	assert_string_equal(line, "ready\n");
}

static void start(struct scene *s)
{
	char path[4096];
	int in[2], out[2];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);
	assert_true(length > 0);
	path[length] = 0;
	snprintf(strrchr(path, '/') + 1, 32, "reach-target");
	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (!s->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	s->to = in[1];
	FILE *from = fdopen(out[0], "r");
	listen_to(s, from);
	fclose(from);
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	start(s);
	assert_int_equal(pt_kernel_linux_new(&s->k, "/", 0), 0);
	assert_int_equal(pt_target_open(&s->target, s->k, s->pid, NULL), 0);
	assert_int_equal(pt_memory_look(&s->memory, &s->target, false), 0);
	assert_int_equal(pt_heap_read(&s->heap, &s->memory), 0);
	const struct pt_roots_options options = {.held = NULL};
	assert_int_equal(pt_roots_read(&s->roots, &s->memory, s->heap, &options), 0);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	pt_roots_free(&s->roots);
	pt_heap_free(s->heap);
	pt_memory_free(&s->memory);
	pt_target_close(&s->target);
	pt_kernel_free(s->k);
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	close(s->to);
	free(s->said);
	free(s);
	return 0;
}

/* ---- passes ----------------------------------------------------------------------------------------------------- */

static struct pt_reach *pass(struct scene *s, const struct pt_reach_options *options)
{
	struct pt_reach *reach;
	assert_int_equal(pt_reach_pass(&reach, &s->memory, s->heap, &s->roots, options), 0);
	return reach;
}

static void check_truth(const struct scene *s, const struct pt_reach *reach)
{
	size_t stray = 0; /* lost ones that some word left behind points at, with what hangs on them */
	for (size_t i = 0; i < s->n; i++) {
		pt_chunk_id id = pt_heap_find(s->heap, s->said[i].address);
		assert_true(id != PT_NO_CHUNK && pt_heap_used(s->heap, id));
		enum pt_reached how = pt_reach_of(reach, id);
		if (!strcmp(s->said[i].what, "live"))
			assert_int_equal(how, PT_REACHED);
		else if (!strcmp(s->said[i].what, "weak"))
			assert_int_equal(how, PT_REACHED_WEAKLY);
		else
			stray += how != PT_REACHED_NOT;
	}
	assert_int_equal(stray, 0);
}

static void as_it_is(void **state)
{
	struct scene *s = *state;
	const struct pt_reach_options options = {.parents = false};
	struct pt_reach *reach = pass(s, &options);
	check_truth(s, reach);
	pt_reach_free(reach);
}

static void without_room_for_edges(void **state)
{
	struct scene *s = *state;
	const struct pt_reach_options options = {.memory_max = 1}, plenty = {.memory_max = UINT64_MAX};
	struct pt_reach *reach = pass(s, &options), *other = pass(s, &plenty);
	check_truth(s, reach);
	for (pt_chunk_id id = 0; id < pt_heap_n(s->heap); id++)
		assert_int_equal(pt_reach_of(reach, id), pt_reach_of(other, id));
	pt_reach_free(reach);
	pt_reach_free(other);
}

/* What a pass did not reach, with none, a third, or all of what it did. */
static void of_suspects_alone(void **state)
{
	struct scene *s = *state;
	const struct pt_reach_options all = {.parents = false};
	pt_chunk_id n = pt_heap_n(s->heap);
	struct pt_reach *first = pass(s, &all);
	for (unsigned among = 0; among < 3; among++) {
		uint64_t *suspects = calloc(n / 64 + 1, sizeof(*suspects));
		const struct pt_reach_options options = {.suspects = suspects, .memory_max = among == 1 ? 1 : 0};
		for (pt_chunk_id id = 0; id < n; id++)
			if (pt_reach_of(first, id) != PT_REACHED || among == 2 || (among == 1 && id % 3 == 0))
				suspects[id / 64] |= 1ull << id % 64;
		struct pt_reach *reach = pass(s, &options);
		check_truth(s, reach);
		for (pt_chunk_id id = 0; id < n; id++)
			assert_true(!pt_heap_used(s->heap, id) || pt_reach_of(reach, id) == pt_reach_of(first, id));
		pt_reach_free(reach);
		free(suspects);
	}
	pt_reach_free(first);
}

/* From a chunk to a root; how far. */
static unsigned climb(const struct scene *s, const struct pt_reach *reach, pt_chunk_id id)
{
	unsigned steps = 0;
	for (struct pt_reach_from from = {.chunk = id}; from.chunk != PT_NO_CHUNK; steps++) {
		assert_true(pt_reach_parent(reach, from.chunk, &from));
		assert_true(from.place || from.word < s->roots.n_words);
	}
	return steps;
}

static void with_parents(void **state)
{
	struct scene *s = *state;
	const struct pt_reach_options options = {.parents = true};
	struct pt_reach *reach = pass(s, &options);
	struct pt_reach_from from;
	unsigned furthest = 0;
	check_truth(s, reach);
	for (size_t i = 0; i < s->n; i += 97) {
		pt_chunk_id id = pt_heap_find(s->heap, s->said[i].address);
		if (strcmp(s->said[i].what, "lost") != 0 && i % 20 == 0)
			furthest = climb(s, reach, id) > furthest ? climb(s, reach, id) : furthest;
		else if (!strcmp(s->said[i].what, "lost"))
			assert_false(pt_reach_parent(reach, id, &from));
	}
	assert_true(furthest > 1000);
	pt_reach_free(reach);
}

struct edges {
	pt_chunk_id to;
	unsigned n;
};

static bool count(void *arg, pt_chunk_id to, bool weak)
{
	struct edges *edges = arg;
	edges->to = to;
	edges->n += !weak;
	return true;
}

/* Of lost ones: a list's node has one, and each list one node without. */
static void edges_of_the_lost(void **state)
{
	struct scene *s = *state;
	const struct pt_reach_options options[] = {{.parents = false}, {.memory_max = 1}};
	for (size_t o = 0; o < 2; o++) {
		struct pt_reach *reach = pass(s, &options[o]);
		size_t nodes = 0, with = 0;
		for (size_t i = 0; i < s->n; i++) {
			struct edges edges = {0};
			if (strcmp(s->said[i].what, "lost") != 0)
				continue;
			nodes++;
			assert_true(pt_reach_edges(reach, pt_heap_find(s->heap, s->said[i].address), count, &edges));
			assert_true(edges.n <= 1);
			with += edges.n;
		}
		assert_in_range(nodes - with, 0, 3);
		pt_reach_free(reach);
	}
}

static bool at_once(void *arg)
{
	(void)arg;
	return true;
}

static void cancelled(void **state)
{
	struct scene *s = *state;
	const struct pt_reach_options options = {.cancelled = at_once};
	struct pt_reach *reach;
	assert_int_equal(pt_reach_pass(&reach, &s->memory, s->heap, &s->roots, &options), -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_it_is),     cmocka_unit_test(without_room_for_edges),
		cmocka_unit_test(with_parents), cmocka_unit_test(edges_of_the_lost),
		cmocka_unit_test(cancelled),    cmocka_unit_test(of_suspects_alone),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
