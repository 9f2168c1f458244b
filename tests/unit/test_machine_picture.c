/*
 * Where memory is, and the picture of all frames against plain arrays of kinds.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/machine/picture.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

#define FRAMES 200

static const char zoneinfo[] = "Node 0, zone      DMA\n"
			       "        spanned  40\n"
			       "  start_pfn:           1\n"
			       "Node 0, zone   Normal\n"
			       "        spanned  159\n"
			       "  start_pfn:           41\n";

/* A machine of blocks of 16 frames: 0..3 on, 4 not there, 5 off, 6..12 on; firmware keeps frames 10 to 12. */
static struct fixture *machine(void)
{
	struct fixture *f = fixture_new(4096, "");
	fixture_write(f, "proc/zoneinfo", zoneinfo);
	fixture_write(f, "sys/devices/system/memory/block_size_bytes", "10000\n");
	for (int i = 0; i < 13; i++) {
		char path[80];
		snprintf(path, sizeof path, "sys/devices/system/memory/memory%d/state", i);
		if (i != 4)
			fixture_write(f, path, i == 5 ? "offline\n" : "online\n");
	}
	fixture_write(f, "proc/iomem",
		      "00000000-00000fff : Reserved\n"
		      "00001000-00009fff : System RAM\n"
		      "0000a000-0000cfff : ACPI Tables\n"
		      "0000d000-000fffff : System RAM\n"
		      "  00001000-00001fff : Kernel code\n");
	return f;
}

static bool has_memory(uint64_t pfn)
{
	return pfn >= 1 && pfn < FRAMES && !(pfn >= 10 && pfn < 13) && pfn / 16 != 4 && pfn / 16 != 5;
}

static struct pt_ram ram_of(struct pt_kernel *k)
{
	struct pt_ram ram;
	assert_int_equal(pt_ram_read(k, &ram), 0);
	return ram;
}

static void memory_is_where_all_sources_say_it_is(void **state)
{
	(void)state;
	struct fixture *f = machine();
	struct pt_kernel *k = fixture_kernel(f);
	struct pt_ram ram = ram_of(k);
	uint8_t is[FRAMES] = {0};
	for (size_t i = 0; i < ram.n; i++)
		for (uint64_t pfn = ram.v[i].first; pfn < ram.v[i].first + ram.v[i].n; pfn++)
			is[pfn] = ram.v[i].offline ? 2 : 1;
	for (uint64_t pfn = 0; pfn < FRAMES; pfn++)
		assert_int_equal(is[pfn], pfn / 16 == 5 ? 2 : has_memory(pfn));
	assert_int_equal(ram.frames, FRAMES);
	assert_int_equal(ram.online, 199 - 3 - 32);
	assert_int_equal(ram.block_frames, 16);
	assert_true(ram.exact);
	pt_ram_free(&ram);
	/* addresses are zeroes unless root asks: firmware's holes are not known then */
	fixture_write(f, "proc/iomem", "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n");
	ram = ram_of(k);
	assert_int_equal(ram.online, 199 - 32);
	assert_false(ram.exact);
	pt_ram_free(&ram);
	/* no memory blocks: zones */
	fixture_remove(f, "sys/devices/system/memory/block_size_bytes");
	ram = ram_of(k);
	assert_int_equal(ram.online, 199);
	assert_int_equal(ram.n, 1);
	pt_ram_free(&ram);
	fixture_remove(f, "proc/zoneinfo");
	assert_int_equal(pt_ram_read(k, &ram), -ENOENT);
	pt_kernel_free(k);
	fixture_free(f);
}

static void an_axis_leaves_out_long_holes(void **state)
{
	(void)state;
	struct pt_ram_piece pieces[] = {{10, 20, false}, {32, 68, false}, {1000, 100, false}, {1100, 12, true}};
	struct pt_ram ram = {.v = pieces, .n = 4, .frames = 1112, .online = 188};
	struct pt_ram_axis axis;
	assert_int_equal(pt_ram_axis_init(&axis, &ram, 0, ram.frames), 0);
	assert_int_equal(axis.left_out, 900);
	assert_int_equal(axis.positions, 1112 - 900);
	for (uint64_t pfn = 0; pfn < ram.frames; pfn++)
		if (pfn < 100 || pfn >= 1000) {
			uint64_t at = pfn < 100 ? pfn : pfn - 900;
			assert_int_equal(pt_ram_axis_position(&axis, pfn), at);
			assert_int_equal(pt_ram_axis_frame(&axis, at), pfn);
		} else {
			assert_int_equal(pt_ram_axis_position(&axis, pfn), 100);
		}
	assert_int_equal(pt_ram_axis_frame(&axis, axis.positions), 1112);
	pt_ram_axis_free(&axis);
	assert_int_equal(pt_ram_axis_init(&axis, &ram, 40, 1000), 0);
	assert_int_equal(pt_ram_axis_frame(&axis, 0), 40);
	assert_int_equal(axis.positions, 60 + 40);
	pt_ram_axis_free(&axis);
}

/* ---- pictures --------------------------------------------------------------------------------------------------- */

static const uint64_t some_flags[] = {
	0,
	KPF(BUDDY),
	KPF(ANON) | KPF(SWAPBACKED) | KPF(MMAP),
	KPF(ANON) | KPF(SWAPBACKED) | KPF(MMAP) | KPF(UNEVICTABLE) | KPF(MLOCKED),
	KPF(LRU) | KPF(DIRTY),
	KPF(LRU) | KPF(MMAP),
	KPF(SWAPBACKED) | KPF(MMAP),
	KPF(SLAB) | KPF(ANON) | KPF(MMAP),
	KPF(PGTABLE),
	KPF(RESERVED),
	KPF(HUGE) | KPF(COMPOUND_TAIL),
};
#define SOME (sizeof some_flags / sizeof *some_flags)

static void write_flags(struct fixture *f, const uint64_t *flags, size_t n)
{
	fixture_write_bytes(f, "proc/kpageflags", flags, n * sizeof *flags);
}

static void make_flags(uint64_t *flags, unsigned *seed)
{
	for (size_t i = 0; i < FRAMES;) {
		uint64_t f = some_flags[(size_t)rand_r(seed) % SOME];
		for (int run = rand_r(seed) % 20; run >= 0 && i < FRAMES; run--)
			flags[i++] = f;
	}
}

static enum pt_frame expected(const uint64_t *flags, uint64_t pfn)
{
	if (pfn / 16 == 5)
		return PT_FRAME_OFFLINE;
	return has_memory(pfn) ? pt_frame_of(flags[pfn]) : PT_FRAME_HOLE;
}

/* All sums of a stretch, one frame after the other. */
static void check_stretch(const struct pt_picture *p, const uint64_t *flags, uint64_t first, uint64_t n)
{
	struct pt_picture_sums sums = {0}, plain = {0};
	pt_picture_add(p, first, n, &sums);
	for (uint64_t pfn = first; pfn < first + n && pfn < FRAMES; pfn++) {
		enum pt_frame kind = expected(flags, pfn);
		plain.frames++;
		plain.n[kind]++;
		plain.facts[PT_FRAME_MAPPED] += has_memory(pfn) && flags[pfn] & KPF(MMAP) && !(flags[pfn] & KPF(SLAB));
		plain.facts[PT_FRAME_LARGE] += has_memory(pfn) && flags[pfn] & KPF(COMPOUND_TAIL);
		plain.facts[PT_FRAME_DIRTY] += has_memory(pfn) && flags[pfn] & KPF(DIRTY);
		plain.facts[PT_FRAME_LOCKED] += has_memory(pfn) && flags[pfn] & KPF(MLOCKED);
	}
	assert_memory_equal(&sums, &plain, sizeof sums);
}

static void check_all(const struct pt_picture *p, const uint64_t *flags, unsigned *seed)
{
	struct pt_picture_sums all = {0};
	for (int i = 0; i < 60; i++)
		check_stretch(p, flags, (uint64_t)rand_r(seed) % FRAMES, (uint64_t)rand_r(seed) % FRAMES);
	check_stretch(p, flags, 0, UINT64_MAX - 1000);
	for (uint64_t pfn = 0; pfn < FRAMES; pfn++)
		assert_int_equal(pt_picture_frame(p, pfn, NULL), expected(flags, pfn));
	pt_picture_add(p, 0, FRAMES, &all);
	assert_memory_equal(&all, &p->sums, sizeof all);
}

/* Stretches of two pictures against one frame after the other. */
static void check_changed(const struct pt_picture *now, const struct pt_picture *before, unsigned *seed)
{
	for (int i = 0; i < 60; i++) {
		uint64_t first = (uint64_t)rand_r(seed) % FRAMES, n = (uint64_t)rand_r(seed) % 40;
		unsigned plain = 0, is, was;
		for (uint64_t pfn = first; pfn < first + n; pfn++) {
			enum pt_frame kind = pt_picture_frame(before, pfn, &was);
			if (kind == PT_FRAME_UNKNOWN)
				continue;
			plain |= pt_picture_frame(now, pfn, &is) != kind ? PT_FRAME_KIND_CHANGED : 0;
			plain |= is ^ was;
		}
		assert_int_equal(pt_picture_changed(now, before, first, n), plain);
	}
	assert_int_equal(pt_picture_changed(now, now, 0, UINT64_MAX), 0);
}

static void a_picture_has_every_frame_once(void **state)
{
	(void)state;
	struct fixture *f = machine();
	struct pt_kernel *k = fixture_kernel(f);
	struct pt_ram ram = ram_of(k);
	struct pt_picture *p, *copy;
	uint64_t flags[FRAMES], before[FRAMES];
	unsigned seed = 8;
	assert_int_equal(pt_picture_new(&ram, &p), 0);
	assert_int_equal(p->sums.frames, FRAMES);
	assert_int_equal(p->sums.n[PT_FRAME_UNKNOWN], ram.online);
	assert_int_equal(p->sums.n[PT_FRAME_OFFLINE], 16);
	for (int round = 0; round < 20; round++) {
		make_flags(flags, &seed);
		write_flags(f, flags, FRAMES);
		int fd = k->ops->open(k, "proc/kpageflags", O_RDONLY);
		copy = pt_picture_copy(p);
		assert_int_equal(pt_picture_read(p, k, fd, &ram, 0, ram.frames), 0);
		check_all(p, flags, &seed);
		check_changed(p, copy, &seed);
		if (round)
			check_all(copy, before, &seed);
		else /* what was not known has not changed */
			assert_int_equal(pt_picture_changed(p, copy, 0, FRAMES), 0);
		memcpy(before, flags, sizeof before);
		pt_picture_free(copy);
		k->ops->close(k, fd);
	}
	assert_true(pt_picture_bytes(p) > 0);
	pt_picture_free(p);
	pt_ram_free(&ram);
	pt_kernel_free(k);
	fixture_free(f);
}

static void what_is_not_read_stays_as_it_was(void **state)
{
	(void)state;
	struct fixture *f = machine();
	struct scripted *s = scripted_new(fixture_kernel(f));
	struct pt_ram ram = ram_of(&s->k);
	struct pt_picture *p;
	uint64_t flags[FRAMES];
	for (size_t i = 0; i < FRAMES; i++)
		flags[i] = KPF(BUDDY);
	write_flags(f, flags, 160); /* the file ends early */
	assert_int_equal(pt_picture_new(&ram, &p), 0);
	int fd = s->k.ops->open(&s->k, "proc/kpageflags", O_RDONLY);
	assert_int_equal(pt_picture_read(p, &s->k, fd, &ram, 112, 10), 0);
	for (uint64_t pfn = 0; pfn < FRAMES; pfn++) /* outwards to whole chunks */
		if (has_memory(pfn))
			assert_int_equal(pt_picture_frame(p, pfn, NULL),
					 pfn >= 112 && pfn < 128 ? PT_FRAME_FREE : PT_FRAME_UNKNOWN);
	assert_int_equal(pt_picture_read(p, &s->k, fd, &ram, 0, UINT64_MAX), 0);
	assert_int_equal(pt_picture_frame(p, 159, NULL), PT_FRAME_FREE);
	assert_int_equal(pt_picture_frame(p, 160, NULL), PT_FRAME_UNKNOWN);
	assert_int_equal(p->sums.n[PT_FRAME_UNKNOWN], 40);
	assert_int_equal(pt_picture_frame(p, FRAMES, NULL), PT_FRAME_HOLE);
	s->fail_call = s->calls + 1;
	s->fail_error = -EIO;
	assert_int_equal(pt_picture_read(p, &s->k, fd, &ram, 0, FRAMES), -EIO);
	s->k.ops->close(&s->k, fd);
	pt_picture_free(p);
	pt_ram_free(&ram);
	scripted_free(s);
	fixture_free(f);
}

/* Kernels before 6.12 tell little of the tails of a folio. */
static void tails_are_what_their_head_is(void **state)
{
	(void)state;
	struct fixture *f = machine();
	struct pt_kernel *k = fixture_kernel(f);
	struct pt_ram ram = ram_of(k);
	struct pt_picture *p;
	uint64_t flags[FRAMES] = {0};
	unsigned facts;
	flags[112] = KPF(COMPOUND_HEAD) | KPF(THP) | KPF(SWAPBACKED) | KPF(MMAP) | KPF(DIRTY);
	for (int i = 113; i < 116; i++)
		flags[i] = KPF(COMPOUND_TAIL) | KPF(THP) | KPF(MMAP);
	flags[115] |= KPF(HWPOISON);
	flags[116] = KPF(COMPOUND_HEAD) | KPF(LRU);
	flags[117] = KPF(COMPOUND_TAIL) | KPF(THP) | KPF(MMAP);
	write_flags(f, flags, FRAMES);
	int fd = k->ops->open(k, "proc/kpageflags", O_RDONLY);
	assert_int_equal(pt_picture_new(&ram, &p), 0);
	assert_int_equal(pt_picture_read(p, k, fd, &ram, 0, FRAMES), 0);
	assert_int_equal(pt_picture_frame(p, 113, &facts), PT_FRAME_SHMEM);
	assert_int_equal(facts, 1 << PT_FRAME_MAPPED | 1 << PT_FRAME_LARGE | 1 << PT_FRAME_DIRTY);
	assert_int_equal(pt_picture_frame(p, 115, NULL), PT_FRAME_POISON);
	assert_int_equal(pt_picture_frame(p, 117, NULL), PT_FRAME_FILE);
	k->ops->close(k, fd);
	pt_picture_free(p);
	pt_ram_free(&ram);
	pt_kernel_free(k);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_where_all_sources_say_it_is),
		cmocka_unit_test(an_axis_leaves_out_long_holes),
		cmocka_unit_test(a_picture_has_every_frame_once),
		cmocka_unit_test(what_is_not_read_stays_as_it_was),
		cmocka_unit_test(tails_are_what_their_head_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
