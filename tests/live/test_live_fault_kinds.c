/*
 * Faults of known kinds at known pages: a child makes them and keeps a list; what the stream and the join make of them
 * must be that list, page by page. Once with a look at the memory between the steps (every kind right), once as fast as
 * the child can (no kind wrong; what can't be known is unknown).
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/faults/drift.h"
#include "core/faults/join.h"
#include "core/scan/glance.h"
#include "core/scan/scan.h"
#include "tests/support/child.h"
#include "tests/support/fault_scenes.h"
#include "tests/support/locked.h"
#include "tests/support/machine.h"
#include "tests/support/skip.h"

#define PAGE FAULT_PAGE
#define MORE FAULT_MORE

/* ---- in the test ------------------------------------------------------------------------------------------------ */

struct told {
	uint64_t page;
	enum pt_fault_kind kind;
	struct pt_joined joined;
};

struct bench {
	struct child child;
	struct pt_kernel *k;
	struct pt_faults *faults;
	struct pt_join *join;
	struct pt_scan *scan;
	struct told *told; /* [n] */
	size_t n, room;
	unsigned right[PT_FAULT_KIND_N], unknown[PT_FAULT_KIND_N], wrong, taken;
	uint64_t moves; /* of pages of the machine, before */
	bool hidden;    /* frames are, as for an ordinary user: whether it is another one is not known */
	bool busy;      /* somebody else had pages moved, swapped or joined meanwhile: some kinds can't be known */
};

static void take_fault(void *arg, const struct pt_fault *fault)
{
	struct bench *b = arg;
	if (fault->pid == b->child.pid)
		pt_join_add(b->join, fault, 0);
}

static void take_news(void *arg, enum pt_fault_news what, pid_t pid, pid_t parent, uint64_t time_ns)
{
	struct bench *b = arg;
	(void)pid;
	if (what == PT_FAULT_FORKED && parent == b->child.pid)
		pt_join_forked(b->join, time_ns);
}

static void drain(void *arg)
{
	struct bench *b = arg;
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = b};
	pt_faults_take(b->faults, &sink);
}

static bool is_watched(uint64_t address)
{
	for (unsigned i = 0; i < fault_truth->n_regions; i++)
		if (address >= fault_truth->start[i] && address < fault_truth->end[i])
			return true;
	return false;
}

static void take_joined(void *arg, const struct pt_joined *joined)
{
	struct bench *b = arg;
	if (!is_watched(joined->address))
		return;
	if (b->n == b->room) {
		b->room = b->room ? 2 * b->room : 1024;
		b->told = realloc(b->told, b->room * sizeof *b->told);
		assert_non_null(b->told);
	}
	b->told[b->n++] = (struct told){joined->address / PAGE, joined->kind, *joined};
}

static void look(struct bench *b)
{
	struct pt_snapshot *snapshot;
	assert_int_equal(pt_scan_frame(b->scan, NULL, NULL, &snapshot), 0);
	pt_join_snapshot(b->join, snapshot);
	b->hidden = !pt_signal_has(&snapshot->signals, PT_SIG_PFN);
	pt_snapshot_unref(snapshot);
}

static void flush(struct bench *b)
{
	drain(b);
	pt_join_flush(b->join, SIZE_MAX, drain, take_joined, b);
}

static void end(struct bench *b)
{
	child_end(&b->child);
	pt_scan_close(b->scan);
	pt_join_free(b->join);
	pt_faults_close(b->faults);
	pt_kernel_free(b->k);
	free(b->told);
	machine_restore();
}

static uint64_t moves(struct pt_kernel *k)
{
	struct pt_drift drift = {0};
	pt_drift_read(&drift, k);
	return drift.moved.value + drift.collapsed.value;
}

static uint64_t begin(struct bench *b, void (*run)(struct child *self), bool fast, bool codes)
{
	memset(b, 0, sizeof *b);
	fault_truth->n = fault_truth->n_regions = 0;
	fault_truth->fast = fast;
	fault_truth->codes = codes;
	b->child = child_start(run);
	uint64_t said = child_wait(&b->child);
	if (said == CHILD_CANNOT) {
		end(b);
		skip_because("this machine has not what the child needs");
	}
	assert_int_equal(pt_kernel_linux_new(&b->k, "/", 0), 0);
	int error = pt_faults_open(&b->faults, b->k, b->child.pid,
				   &(struct pt_fault_options){.ring_bytes = 1u << 20, .codes = codes});
	if (error) {
		end(b);
		assert_true(error == -EACCES || error == -EPERM || error == -ENOSYS);
		skip_because("perf_event_open is not permitted here");
	}
	assert_int_equal(pt_join_new(&b->join, b->k, b->child.pid, 16u << 20), 0);
	assert_int_equal(pt_scan_open(&b->scan, b->k, b->child.pid), 0);
	b->moves = moves(b->k);
	return said;
}

static int by_page(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	if (x->page != y->page)
		return x->page < y->page ? -1 : 1;
	return x->joined.time_ns < y->joined.time_ns ? -1 : x->joined.time_ns > y->joined.time_ns;
}

static struct fault_entry *sorted_truth(void)
{
	struct fault_entry *list = malloc(fault_truth->n * sizeof *list);
	size_t n = 0;
	assert_non_null(list);
	memcpy(list, fault_truth->list, fault_truth->n * sizeof *list);
	/* by page, stable: insertion is quick where the list nearly ascends, merging is not needed elsewhere */
	for (size_t i = 0; i < fault_truth->n; i++, n++) {
		struct fault_entry one = list[i];
		size_t k = n;
		while (k && list[k - 1].page > one.page) {
			list[k] = list[k - 1];
			k--;
		}
		list[k] = one;
	}
	return list;
}

static void complain(const struct bench *b, const struct told *told, const char *wanted)
{
	const struct pt_joined *j = &told->joined;
	if (b->wrong > 10)
		return;
	print_message("page %llx: %s, not %s: before %d %s pfn %llx bits %x count %u, after %d %s pfn %llx bits %x "
		      "count %u%s\n",
		      (unsigned long long)told->page, pt_fault_kind_name(told->kind), wanted, j->knew,
		      pt_kind_name(pt_page_kind(j->before)), (unsigned long long)j->before.pfn, j->before.bits,
		      j->before.count, j->knows, pt_kind_name(pt_page_kind(j->after)), (unsigned long long)j->after.pfn,
		      j->after.bits, j->after.count, j->major ? ", major" : "");
}

static void compare_one(struct bench *b, const struct told *told, const struct fault_entry *entry)
{
	enum pt_fault_kind wanted = entry->kind == MORE ? PT_FAULT_SPURIOUS : entry->kind;
	/* a page that waits to be put on a list of the kernel's has one user more than mappings, and is copied */
	if (wanted == PT_FAULT_WRITE_PROTECT && told->kind == PT_FAULT_COW &&
	    told->joined.before.pfn != told->joined.after.pfn)
		wanted = PT_FAULT_COW;
	bool hidden = b->hidden && pt_page_kind(told->joined.before) != PT_UNTOUCHED &&
		      (wanted == PT_FAULT_WRITE_PROTECT || wanted == PT_FAULT_COW);
	bool merged = told->joined.after.bits & PT_KSM; /* again, before it was looked at */
	if (told->kind == wanted)
		b->right[wanted]++;
	else if (told->kind == PT_FAULT_UNKNOWN && (fault_truth->fast || entry->loose || b->busy || hidden || merged ||
						    (entry->open && !fault_truth->codes)))
		b->unknown[wanted]++;
	else if (entry->blind && !fault_truth->codes && told->kind == PT_FAULT_ZERO_WRITE)
		b->taken++;
	else {
		b->wrong++;
		complain(b, told, pt_fault_kind_name(wanted));
	}
}

/* What was told of each page is what the child did to it, in that order. */
static void compare(struct bench *b)
{
	struct fault_entry *list = sorted_truth();
	size_t at = 0;
	qsort(b->told, b->n, sizeof *b->told, by_page);
	for (size_t i = 0; i < fault_truth->n; i++) {
		bool there = at < b->n && b->told[at].page == list[i].page;
		if (list[i].kind == MORE) {
			if (there)
				compare_one(b, &b->told[at++], &list[i]);
			continue;
		}
		if (!there)
			fail_msg("page %llx: no %s was told (next is %llx)", (unsigned long long)list[i].page,
				 pt_fault_kind_name(list[i].kind),
				 at < b->n ? (unsigned long long)b->told[at].page : 0);
		bool surplus = i + 1 < fault_truth->n && list[i + 1].kind == MORE && at + 1 < b->n &&
			       b->told[at + 1].page == list[i].page;
		list[i].loose |= surplus;                              /* which of the two did it is not always known */
		if (surplus && b->told[at + 1].kind == list[i].kind) { /* at first the kernel gave up */
			compare_one(b, &b->told[at++], &list[i + 1]);
			compare_one(b, &b->told[at++], &list[i++]);
			continue;
		}
		compare_one(b, &b->told[at++], &list[i]);
	}
	if (at < b->n) {
		complain(b, &b->told[at], "there at all");
		fail_msg("faults at page %llx nobody made", (unsigned long long)b->told[at].page);
	}
	free(list);
}

static void report(const struct bench *b, const char *name)
{
	print_message("%s:", name);
	for (int i = 1; i < PT_FAULT_KIND_N; i++)
		if (b->right[i] + b->unknown[i])
			print_message(" %s %u of %u", pt_fault_kind_name((enum pt_fault_kind)i), b->right[i],
				      b->right[i] + b->unknown[i]);
	if (b->taken)
		print_message(", %u first touches taken for zero-write", b->taken);
	print_message(", wrong %u%s\n", b->wrong, b->busy ? " (others had pages moved)" : "");
}

static void check_slow(struct bench *b)
{
	uint64_t more;
	do {
		look(b);
		child_go(&b->child);
		more = child_wait(&b->child);
		flush(b);
	} while (more);
}

static void check_fast(struct bench *b)
{
	look(b);
	child_go(&b->child);
	struct pollfd said = {.fd = b->child.from, .events = POLLIN};
	while (poll(&said, 1, 10) == 0)
		flush(b);
	assert_int_equal(child_wait(&b->child), 0);
	flush(b);
}

/* What a scene is looked at with. */
struct way {
	const struct fault_scene *scene;
	bool fast, codes;
	char name[64];
};

static void check(void **state)
{
	const struct way *way = *state;
	const char *why = way->scene->needs();
	struct bench b;
	if (!why && way->codes)
		why = machine_needs_tracing();
	if (why)
		skip_because(why);
	begin(&b, way->scene->run, way->fast, way->codes);
	assert_int_equal(pt_faults_totals(b.faults).codes, way->codes);
	if (way->fast)
		check_fast(&b);
	else
		check_slow(&b);
	flush(&b);
	b.busy = moves(b.k) != b.moves;
	compare(&b);
	report(&b, way->name);
	unsigned wrong = b.wrong;
	end(&b);
	assert_int_equal(wrong, 0);
}

/* ---- error codes ------------------------------------------------------------------------------------------------ */

static size_t with_codes(struct bench *b)
{
	size_t n = 0;
	flush(b);
	for (size_t i = 0; i < b->n; i++)
		n += b->told[i].joined.has_code;
	return n;
}

static void codes_come_while_every_fault_is_told(void **state)
{
	(void)state;
	const char *why = machine_needs_tracing();
	struct bench b;
	if (why)
		skip_because(why);
	begin(&b, fault_scenes[0].run, false, true);
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = &b};
	assert_int_equal(pt_faults_set_period(b.faults, 16, &sink), 0);
	child_go(&b.child); /* 1500 first touches */
	child_wait(&b.child);
	assert_int_equal(with_codes(&b), 0);
	assert_in_range(b.n, 1500 / 16 - 2, 1500 / 16 + 2);
	b.n = 0;
	assert_int_equal(pt_faults_set_period(b.faults, 1, &sink), 0);
	child_go(&b.child); /* 1000 zero pages are written to */
	child_wait(&b.child);
	assert_int_equal(with_codes(&b), 1000);
	for (size_t i = 0; i < b.n; i++)
		assert_true(b.told[i].joined.code.present && b.told[i].joined.code.write);
	end(&b);
}

/* ---- new memory ------------------------------------------------------------------------------------------------- */

/* Without any look: what was not seen since the memory was made was not there. */
static void new_memory_is_known_to_be_empty(void **state)
{
	(void)state;
	struct bench b;
	size_t touched = 0;
	begin(&b, fault_scenes[0].run, false, false);
	pt_join_born(b.join, b.k->ops->now(b.k, PT_CLOCK_MONOTONIC));
	child_go(&b.child);
	child_wait(&b.child);
	flush(&b);
	for (size_t i = 0; i < b.n; i++)
		touched += b.told[i].kind == PT_FAULT_FIRST_TOUCH;
	assert_int_equal(touched, b.n);
	assert_int_equal(b.n, 1500);
	end(&b);
}

/* ---- one decoder ------------------------------------------------------------------------------------------------ */

/* A look at single pages says what a scan says of them. */
static void a_glance_is_a_scan(void **state)
{
	(void)state;
	struct bench b;
	struct pt_snapshot *s;
	struct pt_target target;
	begin(&b, fault_scenes[2].run, false, false);
	child_go(&b.child);
	child_wait(&b.child);
	assert_int_equal(pt_scan_frame(b.scan, NULL, NULL, &s), 0);
	assert_int_equal(pt_target_open(&target, b.k, b.child.pid, &s->signals), 0);
	struct pt_glance *glance = pt_glance_new();
	struct pt_glimpse *pages = NULL;
	size_t n = 0, room = 0, there = 0;
	for (size_t i = 0; i < s->vmas->n; i++)
		for (uint64_t at = s->vmas->v[i].start; at < s->vmas->v[i].end; at += PAGE * (1 + n % 9)) {
			if (s->vmas->v[i].end - s->vmas->v[i].start > 64u << 20 ||
			    s->vmas->v[i].role == PT_ROLE_VSYSCALL)
				break;
			if (n == room)
				assert_non_null(pages = realloc(pages, (room = 2 * room + 64) * sizeof *pages));
			pages[n++].address = at;
		}
	assert_int_equal(pt_glance_at(glance, &target, s->vmas, pages, n), 0);
	for (size_t i = 0; i < n; i++) {
		struct pt_page page = pt_snapshot_page(s, pages[i].address);
		const uint32_t kept = PT_KIND_MASK | PT_PMD | PT_EXCLUSIVE | PT_HAS_EXCLUSIVE | PT_HAS_FLAGS | PT_OWN;
		bool shared = !is_watched(pages[i].address); /* with the test, or others that come and go */
		assert_true(pages[i].known);
		if (pages[i].page.pfn != page.pfn && moves(b.k) != b.moves)
			continue; /* moved between the two */
		assert_int_equal(pages[i].page.pfn, page.pfn);
		if (!shared)
			assert_int_equal(pages[i].page.bits & kept, page.bits & kept);
		if (!shared && page.bits & pages[i].page.bits & PT_HAS_COUNT)
			assert_int_equal(pages[i].page.count, page.count);
		there += page.bits != 0;
	}
	assert_true(n > 500 && there > 100);
	free(pages);
	pt_glance_free(glance);
	pt_target_close(&target);
	pt_snapshot_unref(s);
	end(&b);
}

/* ---- memory that is locked --------------------------------------------------------------------------------------- */

/* What was told since the last step is so many faults of that kind; who else had pages moved made more of them. */
static void check_step(struct bench *b, size_t *seen, uint64_t faults, enum pt_fault_kind kind)
{
	flush(b);
	bool elsewhere = kind == PT_FAULT_MIGRATION; /* its stack and code are moved as well */
	const size_t told = b->n - *seen;
	if (!elsewhere && moves(b->k) != b->moves) {
		print_message("others had pages moved: %s is not judged\n", pt_fault_kind_name(kind));
		*seen = b->n;
	} else if (elsewhere ? told > faults : told != faults) {
		fail_msg("%zu faults told, not %llu, of %s", told, (unsigned long long)faults,
			 pt_fault_kind_name(kind));
	}
	for (; *seen < b->n; ++*seen) {
		const struct pt_joined *j = &b->told[*seen].joined;
		/* it was not moved after all; or was moved twice in one step, and what was between the two was not seen */
		bool gave_up = kind == PT_FAULT_MIGRATION && (j->before.pfn == j->after.pfn || !j->knew || !j->knows);
		compare_one(b, &b->told[*seen], &(struct fault_entry){.kind = kind, .loose = gave_up});
	}
	b->moves = moves(b->k);
	look(b);
}

static void locked_memory_faults(void **state)
{
	(void)state;
	const enum pt_fault_kind kinds[] = {PT_FAULT_ZERO_WRITE, PT_FAULT_COW, PT_FAULT_UNKNOWN, PT_FAULT_WRITE_PROTECT,
					    PT_FAULT_MIGRATION};
	struct bench b;
	size_t seen = 0;
	uint64_t address = begin(&b, locked_run, false, false);
	fault_truth->start[0] = address;
	fault_truth->end[0] = address + LOCKED_BYTES;
	fault_truth->n_regions = 1;
	look(&b);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		child_go(&b.child);
		uint64_t said = child_wait(&b.child);
		if (said)
			check_step(&b, &seen, said - 1, kinds[i]);
		else
			print_message("compaction needs root, or may not move what is locked\n");
	}
	report(&b, "locked memory");
	unsigned wrong = b.wrong;
	end(&b);
	assert_int_equal(wrong, 0);
}

/* Each scene with looks at the memory between its steps, when every kind is right, and as fast as it can; with the
 * processor's error codes and without. */
int main(int argc, char **argv)
{
	static struct way ways[4 * FAULT_SCENES];
	struct CMUnitTest tests[4 * FAULT_SCENES + 4] = {
		[4 * FAULT_SCENES] = cmocka_unit_test(locked_memory_faults),
		cmocka_unit_test(a_glance_is_a_scan),
		cmocka_unit_test(new_memory_is_known_to_be_empty),
		cmocka_unit_test(codes_come_while_every_fault_is_told),
	};
	fault_truth_map();
	for (size_t i = 0; i < 4 * FAULT_SCENES; i++) {
		struct way *way = &ways[i];
		*way = (struct way){.scene = &fault_scenes[i % FAULT_SCENES],
				    .fast = i / FAULT_SCENES % 2,
				    .codes = i / FAULT_SCENES / 2};
		snprintf(way->name, sizeof way->name, "%s%s%s", way->scene->name, way->fast ? ", fast" : "",
			 way->codes ? ", with codes" : "");
		tests[i] = (struct CMUnitTest){.name = way->name, .test_func = check, .initial_state = way};
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("kinds of faults", tests, NULL, NULL);
}
