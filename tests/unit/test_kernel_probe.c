/*
 * The probes of signals: on this kernel, on this kernel as other ones would answer, and on folders. What needs page frame
 * numbers is skipped for whoever does not get them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"
#include "tests/support/skip.h"

static struct scripted *on_this_kernel(void)
{
	struct pt_kernel *k;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	return scripted_new(k);
}

static struct pt_signals probe(struct scripted *s, pid_t pid)
{
	struct pt_signals signals;
	pt_probe_signals(&s->k, pid, &signals);
	assert_int_equal(s->open_fds, 0);
	for (int i = 0; i < PT_SIG_N; i++) {
		assert_in_range(signals.of[i].given, PT_ABSENT, PT_GIVEN);
		assert_non_null(signals.of[i].reason);
		assert_true(strlen(signals.of[i].reason) > 10);
		/* what is given needs no remedy */
		assert_true(!signals.of[i].remedy || signals.of[i].given == PT_ABSENT);
	}
	return signals;
}

#define assert_given(signals, signal, what) assert_int_equal((signals).of[PT_SIG_##signal].given, (what))
#define assert_remedy(signals, signal)      assert_non_null((signals).of[PT_SIG_##signal].remedy)

static bool sees_frames(void)
{
	struct scripted *s = on_this_kernel();
	struct pt_signals signals = probe(s, 0);
	scripted_free(s);
	return pt_signal_has(&signals, PT_SIG_KPAGEFLAGS) && pt_signal_has(&signals, PT_SIG_KPAGECOUNT);
}

/* ---- this kernel ------------------------------------------------------------------------------------------------ */

static void own_memory_is_always_readable(void **state)
{
	(void)state;
	struct scripted *s = on_this_kernel();
	for (int i = 0; i < 2; i++) {
		struct pt_signals signals = probe(s, i ? getpid() : 0);
		assert_given(signals, PAGEMAP, PT_GIVEN);
		assert_given(signals, EXCLUSIVE, PT_GIVEN);
		assert_given(signals, SMAPS, PT_GIVEN);
		assert_given(signals, CONTENTS, PT_GIVEN);
	}
	scripted_free(s);
}

static size_t read_maps(char *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	while ((got = read(fd, buf + n, size - n)) > 0)
		n += (size_t)got;
	close(fd);
	return n;
}

/* AddressSanitizer and valgrind map memory of their own meanwhile. */
#if defined(__SANITIZE_ADDRESS__)
#define ALLOCATOR_IS_QUIET false
#elif defined(__has_feature)
#define ALLOCATOR_IS_QUIET !__has_feature(address_sanitizer)
#else
#define ALLOCATOR_IS_QUIET true
#endif

static void nothing_stays_behind(void **state)
{
	(void)state;
	static char before[65536], after[65536];
	struct scripted *s = on_this_kernel();

	probe(s, getpid()); /* the allocator has grown as far as it will */
	size_t n = read_maps(before, sizeof(before));
	if (!ALLOCATOR_IS_QUIET || memmem(before, n, "vgpreload", strlen("vgpreload"))) {
		scripted_free(s);
		skip_because("the allocator of a sanitizer or of valgrind maps memory of its own");
	}
	probe(s, getpid());
	assert_int_equal(read_maps(after, sizeof(after)), n);
	assert_memory_equal(before, after, n);
	scripted_free(s);
}

static void any_call_may_fail(void **state)
{
	(void)state;
	static const int errors[] = {-EACCES, -ENOENT, -EIO, -EINVAL};
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		struct scripted *s = on_this_kernel();
		s->fail_error = errors[i];
		do {
			s->fail_call++;
			s->calls = 0;
			probe(s, getpid());
		} while (s->calls >= s->fail_call);
		assert_true(s->fail_call > 10);
		scripted_free(s);
	}
}

/* ---- this kernel, as others would answer -------------------------------------------------------------------------- */

static bool is_pagemap(const char *path)
{
	return strstr(path, "/pagemap") != NULL;
}

static void hide_frames(const char *path, void *buf, size_t size)
{
	uint64_t *words = buf;
	for (size_t i = 0; is_pagemap(path) && i < size / 8; i++)
		words[i] &= ~PM_PFN_MASK;
}

static void without_frame_numbers_frames_are_unknown(void **state)
{
	(void)state;
	struct scripted *s = on_this_kernel();
	s->edit = hide_frames;
	struct pt_signals signals = probe(s, 0); /* kpageflags may be readable: that does not help */

	assert_given(signals, PAGEMAP, PT_GIVEN);
	assert_given(signals, EXCLUSIVE, PT_GIVEN);
	static const enum pt_signal lost[] = {PT_SIG_PFN,         PT_SIG_KPAGEFLAGS, PT_SIG_KPAGECOUNT,
					      PT_SIG_KPAGECGROUP, PT_SIG_KSM,        PT_SIG_MAP_COUNT,
					      PT_SIG_DIRTY,       PT_SIG_LAZYFREE,   PT_SIG_PHYSICAL};
	for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++) {
		assert_int_equal(signals.of[lost[i]].given, PT_ABSENT);
		assert_non_null(signals.of[lost[i]].remedy);
	}
	scripted_free(s);
}

static void closed_frame_files_have_a_remedy(void **state)
{
	(void)state;
	struct scripted *s = on_this_kernel();
	s->deny = "proc/kpage";
	s->deny_error = -EACCES;
	struct pt_signals signals = probe(s, 0);
	assert_given(signals, KPAGEFLAGS, PT_ABSENT);
	assert_remedy(signals, KPAGEFLAGS);
	assert_given(signals, KSM, PT_ABSENT);
	assert_remedy(signals, KSM);
	assert_given(signals, MAP_COUNT, PT_ABSENT);
	assert_remedy(signals, MAP_COUNT);
	if (pt_signal_has(&signals, PT_SIG_PFN)) {
		s->deny_error = -ENOENT;
		signals = probe(s, 0);
		assert_given(signals, KPAGEFLAGS, PT_ABSENT);
		assert_null(signals.of[PT_SIG_KPAGEFLAGS].remedy); /* nothing grants what was not built */
	}
	scripted_free(s);
}

static void no_pagemap_is_hardly_anything(void **state)
{
	(void)state;
	struct scripted *s = on_this_kernel();
	s->deny = "/pagemap";
	static const int errors[] = {-ENOENT, -EPERM};
	for (size_t i = 0; i < 2; i++) {
		s->deny_error = errors[i];
		struct pt_signals signals = probe(s, 0);
		assert_given(signals, PAGEMAP, PT_ABSENT);
		assert_given(signals, PFN, PT_ABSENT);
		assert_given(signals, PAGEMAP_SCAN, PT_ABSENT);
		assert_given(signals, KPAGEFLAGS, PT_ABSENT);
		assert_given(signals, SMAPS, PT_GIVEN);
		assert_int_equal(signals.of[PT_SIG_PAGEMAP].remedy != NULL, errors[i] == -EPERM);
	}
	scripted_free(s);
}

static void mark_all_merged(const char *path, void *buf, size_t size)
{
	uint64_t *words = buf;
	for (size_t i = 0; strstr(path, "kpageflags") && i < size / 8; i++)
		words[i] |= words[i] & KPF(ANON) ? KPF(KSM) : 0;
}

static void a_kernel_that_marks_all_as_merged_is_not_believed(void **state)
{
	(void)state;
	if (!sees_frames())
		skip_because("frames can't be looked up without root");
	struct scripted *s = on_this_kernel();
	s->edit = mark_all_merged;
	struct pt_signals signals = probe(s, 0);
	assert_given(signals, KSM, PT_ABSENT);
	assert_given(signals, KPAGEFLAGS, PT_GIVEN);
	scripted_free(s);
}

/* CONFIG_NO_PAGE_MAPCOUNT: the average over a folio that is mapped is 1 or more. */
static void give_averages(const char *path, void *buf, size_t size)
{
	uint64_t *words = buf;
	for (size_t i = 0; strstr(path, "kpagecount") && i < size / 8; i++)
		words[i] += words[i] == 0;
}

static void averages_are_approximate(void **state)
{
	(void)state;
	if (!sees_frames())
		skip_because("frames can't be looked up without root");
	struct scripted *s = on_this_kernel();
	s->edit = give_averages;
	struct pt_signals signals = probe(s, 0);
	assert_given(signals, MAP_COUNT, PT_APPROXIMATE);
	s->edit = NULL;
	s->deny = "hpage_pmd_size"; /* no huge pages: nothing to average over */
	s->deny_error = -ENOENT;
	signals = probe(s, 0);
	assert_given(signals, MAP_COUNT, PT_GIVEN);
	scripted_free(s);
}

static void split_all(const char *path, void *buf, size_t size)
{
	uint64_t *words = buf;
	for (size_t i = 0; strstr(path, "kpageflags") && i < size / 8; i++)
		words[i] &= ~KPF(THP);
}

static void without_a_huge_page_counts_are_not_judged(void **state)
{
	(void)state;
	if (!sees_frames())
		skip_because("frames can't be looked up without root");
	struct scripted *s = on_this_kernel();
	s->edit = split_all;
	struct pt_signals signals = probe(s, 0);
	assert_given(signals, MAP_COUNT, PT_APPROXIMATE);
	scripted_free(s);
}

static void set_soft_dirty(const char *path, void *buf, size_t size)
{
	uint64_t *words = buf;
	for (size_t i = 0; is_pagemap(path) && i < size / 8; i++)
		words[i] |= PM_SOFT_DIRTY;
}

static void clear_entry_bits(const char *path, void *buf, size_t size)
{
	uint64_t *words = buf;
	for (size_t i = 0; is_pagemap(path) && i < size / 8; i++)
		words[i] &= ~(PM_SOFT_DIRTY | PM_EXCLUSIVE);
}

static void bits_of_pagemap_are_tried(void **state)
{
	(void)state;
	struct scripted *s = on_this_kernel();
	s->edit = set_soft_dirty;
	struct pt_signals signals = probe(s, 0);
	assert_given(signals, SOFT_DIRTY, PT_GIVEN);
	s->edit = clear_entry_bits;
	signals = probe(s, 0);
	assert_given(signals, SOFT_DIRTY, PT_ABSENT);
	assert_given(signals, EXCLUSIVE, PT_ABSENT);
	scripted_free(s);
}

static void older_kernels_lack_calls(void **state)
{
	(void)state;
	struct scripted *s = on_this_kernel();
	s->no_scan = s->no_procmap_query = s->no_cachestat = true;
	struct pt_signals signals = probe(s, 0);
	assert_given(signals, PAGEMAP, PT_GIVEN);
	assert_given(signals, PAGEMAP_SCAN, PT_ABSENT);
	assert_given(signals, PROCMAP_QUERY, PT_ABSENT);
	assert_given(signals, SHMEM_SWAP, PT_ABSENT);
	assert_null(signals.of[PT_SIG_PAGEMAP_SCAN].remedy);
	s->no_cachestat = false;
	s->deny = "map_files";
	s->deny_error = -EPERM;
	signals = probe(s, 0);
	assert_given(signals, SHMEM_SWAP, PT_ABSENT);
	assert_remedy(signals, SHMEM_SWAP);
	scripted_free(s);
}

static void optional_files(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum pt_signal signal;
	} files[] = {{"page_idle/bitmap", PT_SIG_IDLE}, {"debug/page_owner", PT_SIG_PAGE_OWNER}};
	struct scripted *s = on_this_kernel();
	for (size_t i = 0; i < 2; i++) {
		s->deny = files[i].path;
		s->deny_error = -EACCES;
		struct pt_signals signals = probe(s, 0);
		assert_int_equal(signals.of[files[i].signal].given, PT_ABSENT);
		assert_non_null(strstr(signals.of[files[i].signal].remedy, "root"));
	}
	scripted_free(s);
}

/* ---- targets ---------------------------------------------------------------------------------------------------- */

static void targets_without_memory(void **state)
{
	(void)state;
	struct scripted *s = on_this_kernel();
	struct pt_signals signals = probe(s, 0x3fffffff); /* above any PID */
	assert_given(signals, PAGEMAP, PT_ABSENT);
	assert_given(signals, SMAPS, PT_ABSENT);
	assert_given(signals, CONTENTS, PT_ABSENT);
	assert_null(signals.of[PT_SIG_PAGEMAP].remedy);
	scripted_free(s);
}

static void targets_may_refuse(void **state)
{
	(void)state;
	struct scripted *s = on_this_kernel();
	s->deny = "/smaps"; /* also the probe's on itself; then pagemap, which the next line names by PID */
	s->deny_error = -EACCES;
	struct pt_signals signals = probe(s, getppid());
	assert_given(signals, SMAPS, PT_ABSENT);

	char path[32];
	snprintf(path, sizeof(path), "proc/%d/pagemap", getpid());
	s->deny = path;
	signals = probe(s, getpid());
	assert_given(signals, PAGEMAP, PT_ABSENT);
	assert_remedy(signals, PAGEMAP);
	assert_given(signals, KPAGEFLAGS, PT_ABSENT);
	assert_given(signals, SMAPS, PT_GIVEN);
	assert_given(signals, CONTENTS, PT_GIVEN);
	signals = probe(s, 0);
	assert_given(signals, PAGEMAP, PT_GIVEN); /* it is that target alone */
	scripted_free(s);
}

/* ---- folders ---------------------------------------------------------------------------------------------------- */

static void folders_give_what_they_have(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 5 S p\nvma 7f0000000000-7f0000010000 rw-p\n"
						    "page 7f0000000000 anon pfn=8\n");
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_signals signals = probe(s, 5);

	assert_given(signals, PAGEMAP, PT_GIVEN);
	assert_given(signals, PFN, PT_GIVEN);
	assert_given(signals, KPAGEFLAGS, PT_GIVEN);
	assert_given(signals, MAP_COUNT, PT_GIVEN);
	assert_given(signals, PAGEMAP_SCAN, PT_GIVEN);
	assert_given(signals, SHMEM_SWAP, PT_GIVEN);
	assert_given(signals, KSM, PT_GIVEN);
	assert_given(signals, DIRTY, PT_APPROXIMATE);
	assert_given(signals, SOFT_DIRTY, PT_ABSENT);
	assert_given(signals, CONTENTS, PT_ABSENT);
	assert_given(signals, IDLE, PT_ABSENT);
	assert_given(signals, PHYSICAL, PT_ABSENT);

	fixture_write(fixture, "proc/5/mem", "x");
	fixture_write(fixture, "sys/kernel/mm/page_idle/bitmap", "");
	fixture_write(fixture, "proc/zoneinfo", "Node 0, zone Normal\n spanned 9\n start_pfn: 0\n");
	signals = probe(s, 5);
	assert_given(signals, CONTENTS, PT_GIVEN);
	assert_given(signals, IDLE, PT_GIVEN);
	assert_given(signals, PHYSICAL, PT_GIVEN);

	fixture_remove(fixture, "proc/kpageflags");
	s->no_scan = s->no_cachestat = true;
	signals = probe(s, 5);
	assert_given(signals, PFN, PT_ABSENT);
	assert_given(signals, KPAGECOUNT, PT_ABSENT);
	assert_given(signals, PAGEMAP_SCAN, PT_ABSENT);
	assert_given(signals, SHMEM_SWAP, PT_ABSENT);
	assert_given(signals, PAGEMAP, PT_GIVEN);
	scripted_free(s);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_memory_is_always_readable),
		cmocka_unit_test(nothing_stays_behind),
		cmocka_unit_test(any_call_may_fail),
		cmocka_unit_test(without_frame_numbers_frames_are_unknown),
		cmocka_unit_test(closed_frame_files_have_a_remedy),
		cmocka_unit_test(no_pagemap_is_hardly_anything),
		cmocka_unit_test(a_kernel_that_marks_all_as_merged_is_not_believed),
		cmocka_unit_test(averages_are_approximate),
		cmocka_unit_test(without_a_huge_page_counts_are_not_judged),
		cmocka_unit_test(bits_of_pagemap_are_tried),
		cmocka_unit_test(older_kernels_lack_calls),
		cmocka_unit_test(optional_files),
		cmocka_unit_test(targets_without_memory),
		cmocka_unit_test(targets_may_refuse),
		cmocka_unit_test(folders_give_what_they_have),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
