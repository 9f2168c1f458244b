/*
 * Where code is in a made-up process: as maps say it and as it is told, what is cut by what, what was there before, and
 * when maps are read again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/unwind/places.h"
#include "core/unwind/unwind.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

#define MAPS                                                                                                           \
	"process 100 S start=777 uid=1000 threads=1 prog\n"                                                            \
	"vma 400000-401000 r--p offset=0 inode=5 /bin/prog\n"                                                          \
	"vma 401000-405000 r-xp offset=0x1000 inode=5 /bin/prog\n"                                                     \
	"vma 405000-406000 rw-p offset=0x5000 inode=5 /bin/prog\n"                                                     \
	"vma 7f0000000000-7f0000010000 r-xp offset=0 inode=6 /lib/a.so\n"                                              \
	"vma 7f0000010000-7f0000011000 rwxp\n"                                                                         \
	"vma 7f0000020000-7f0000024000 r-xp offset=0x2000 inode=6 /lib/a.so\n"

struct world {
	struct fixture *fixture;
	struct scripted *script;
	struct pt_places places;
};

static void begin(struct world *w)
{
	w->fixture = fixture_new(4096, MAPS);
	w->script = scripted_new(fixture_kernel(w->fixture));
	w->script->tick = 1000; /* so long reading maps takes */
	assert_int_equal(pt_places_init(&w->places, &w->script->k, 100), 0);
}

static void end(struct world *w)
{
	pt_places_free(&w->places);
	scripted_free(w->script);
	fixture_free(w->fixture);
}

static const struct pt_place *at(struct world *w, uint64_t address)
{
	pt_places_tick(&w->places);
	return pt_places_find(&w->places, address);
}

static void expect(struct world *w, uint64_t address, uint64_t start, uint64_t end, uint64_t offset, const char *path)
{
	const struct pt_place *place = at(w, address);
	assert_non_null(place);
	assert_int_equal(place->start, start);
	assert_int_equal(place->end, end);
	assert_int_equal(place->offset, offset);
	if (path)
		assert_string_equal(place->module->path, path);
	else
		assert_null(place->module);
}

static void as_maps_say(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	expect(&w, 0x401000, 0x401000, 0x405000, 0x1000, "/bin/prog");
	expect(&w, 0x404fff, 0x401000, 0x405000, 0x1000, "/bin/prog");
	expect(&w, 0x7f0000000010, 0x7f0000000000, 0x7f0000010000, 0, "/lib/a.so");
	expect(&w, 0x7f0000010010, 0x7f0000010000, 0x7f0000011000, 0, NULL);
	assert_ptr_equal(at(&w, 0x7f0000000010)->module, at(&w, 0x7f0000023fff)->module);
	assert_null(at(&w, 0x400fff)); /* not executable */
	assert_null(at(&w, 0x405000));
	assert_null(at(&w, 0));
	assert_null(at(&w, UINT64_MAX));
	end(&w);
}

static void map(struct world *w, uint64_t start, uint64_t end, uint64_t offset, uint64_t inode, const char *path)
{
	const struct pt_vma vma = {.start = start, .end = end, .offset = offset, .inode = inode, .path = path};
	pt_places_mapped(&w->places, &vma);
}

static void as_it_is_told(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	w.script->tick = 0;
	map(&w, 0x500000, 0x502000, 0x3000, 9, "/lib/new.so"); /* where nothing was */
	expect(&w, 0x501000, 0x500000, 0x502000, 0x3000, "/lib/new.so");
	map(&w, 0x500000, 0x502000, 0x3000, 9, "/lib/new.so"); /* again */
	expect(&w, 0x501000, 0x500000, 0x502000, 0x3000, "/lib/new.so");
	map(&w, 0x402000, 0x403000, 0, 0, "//anon"); /* into the middle */
	expect(&w, 0x401fff, 0x401000, 0x402000, 0x1000, "/bin/prog");
	expect(&w, 0x402000, 0x402000, 0x403000, 0, NULL);
	expect(&w, 0x403000, 0x403000, 0x405000, 0x3000, "/bin/prog");
	map(&w, 0x7f0000008000, 0x7f0000022000, 0x7000, 9,
	    "/lib/new.so"); /* over an end, a whole one and a beginning */
	expect(&w, 0x7f0000007fff, 0x7f0000000000, 0x7f0000008000, 0, "/lib/a.so");
	expect(&w, 0x7f0000010800, 0x7f0000008000, 0x7f0000022000, 0x7000, "/lib/new.so");
	expect(&w, 0x7f0000022000, 0x7f0000022000, 0x7f0000024000, 0x4000, "/lib/a.so");
	map(&w, 0, UINT64_MAX, 0, 9, "/lib/new.so");
	expect(&w, 0x400000, 0, UINT64_MAX, 0, "/lib/new.so");
	end(&w);
}

static void what_was_there_is_recalled(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	fixture_add(w.fixture, "in 100\nunmap 7f0000000000-7f0000010000\n");
	w.script->clock[PT_CLOCK_MONOTONIC] += 1000000000;
	assert_null(at(&w, 0x7f0000000010));
	assert_string_equal(pt_places_recall(&w.places, 0x7f0000000010)->module->path, "/lib/a.so");
	fixture_add(w.fixture, "vma 7f0000000000-7f0000001000 r-xp offset=0 inode=7 /lib/b.so\n");
	w.script->clock[PT_CLOCK_MONOTONIC] += 1000000000;
	expect(&w, 0x7f0000000010, 0x7f0000000000, 0x7f0000001000, 0, "/lib/b.so");
	assert_string_equal(pt_places_recall(&w.places, 0x7f0000000010)->module->path, "/lib/b.so");
	assert_string_equal(pt_places_recall(&w.places, 0x7f0000001010)->module->path, "/lib/a.so");
	assert_null(pt_places_recall(&w.places, 0x600000));

	fixture_add(w.fixture, "process 100 S start=777 uid=1000 threads=1 other\n"
			       "vma 800000-801000 r-xp offset=0 inode=8 /bin/other\n");
	pt_places_execed(&w.places);
	expect(&w, 0x800000, 0x800000, 0x801000, 0, "/bin/other"); /* at once */
	assert_null(pt_places_recall(&w.places, 0x401000));
	fixture_end(w.fixture, 100);
	w.script->clock[PT_CLOCK_MONOTONIC] += 10000000000;
	expect(&w, 0x800000, 0x800000, 0x801000, 0, "/bin/other"); /* what was known of the dead stays */
	end(&w);
}

static void maps_are_read_as_rarely_as_they_cost(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	w.script->tick = 0;
	unsigned long opens = w.script->opens;
	for (unsigned i = 0; i < 100; i++)
		assert_null(at(&w, 0x600000));
	assert_int_equal(w.script->opens, opens); /* it took a microsecond, none has passed */
	w.script->clock[PT_CLOCK_MONOTONIC] += 199000;
	assert_null(at(&w, 0x600000));
	assert_int_equal(w.script->opens, opens);
	w.script->clock[PT_CLOCK_MONOTONIC] += 1000;
	assert_non_null(at(&w, 0x401000)); /* what is known is no reason yet */
	assert_int_equal(w.script->opens, opens);
	assert_null(at(&w, 0x600000));
	assert_int_equal(w.script->opens, opens + 1);
	w.script->clock[PT_CLOCK_MONOTONIC] += 1000000000;
	assert_non_null(at(&w, 0x401000));
	assert_int_equal(w.script->opens, opens + 2);
	end(&w);
}

static void none_of_its_calls_has_to_succeed(void **state)
{
	(void)state;
	const struct pt_user user = {.ip = 0x401000};
	struct fixture *fixture = fixture_new(4096, MAPS);
	for (unsigned long fail = 1; fail < 40; fail++) {
		struct scripted *s = scripted_new(fixture_kernel(fixture));
		struct pt_unwinder *u;
		struct pt_symbol symbol;
		uint64_t ip;
		bool complete;
		s->fail_call = fail;
		s->fail_error = -EACCES;
		int error = pt_unwinder_new(&u, &s->k, 100);
		assert_true(!error || error == -EACCES);
		if (!error) {
			assert_int_equal(pt_unwinder_calls(u, &user, &ip, 1, &complete), 1);
			assert_int_equal(ip, 0x401000);
			assert_false(complete);
			pt_unwinder_symbol(u, ip, true, &symbol);
			assert_null(symbol.name); /* there is no such file */
			assert_string_equal(symbol.module, "/bin/prog");
			pt_unwinder_free(u);
		}
		scripted_free(s);
	}
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_unwinder *u;
	assert_int_equal(pt_unwinder_new(&u, &s->k, 4711), -ESRCH);
	pt_unwinder_free(NULL);
	scripted_free(s);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_maps_say),
		cmocka_unit_test(as_it_is_told),
		cmocka_unit_test(what_was_there_is_recalled),
		cmocka_unit_test(maps_are_read_as_rarely_as_they_cost),
		cmocka_unit_test(none_of_its_calls_has_to_succeed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
