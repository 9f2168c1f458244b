/*
 * Metrics as text: read back by a strict parser of what OpenMetrics and Prometheus' older format have in common; hostile
 * names; what is not known; events counted over frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/metrics.h"
#include "core/text/text.h"
#include "core/verdict/trace.h"
#include "tests/support/program.h"
#include "tests/support/space.h"

static const struct program program = {"10000000-10010000 rw-p 00000000 00:00 0 [heap]\n"
				       "20000000-20010000 rw-p 00000000 00:00 0 \n"
				       "30000000-30020000 rw-p 00000000 00:00 0 \n"
				       "50000000-50010000 r-xp 00001000 fe:00 7 /lib/libc.so.6\n",
				       {4, 8, 2, 3},
				       5000,
				       1};

/* ---- the parser ------------------------------------------------------------------------------------------------- */

#define SAMPLES_MAX 1000

struct sample {
	char name[64], labels[1024], value[32];
};

struct parsed {
	struct sample v[SAMPLES_MAX];
	size_t n;
};

static size_t name_size(const char *at)
{
	size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	return at[0] >= '0' && at[0] <= '9' ? 0 : n;
}

/* `name="value"` with \\, \" and \n alone escaped; behind it. */
static const char *expect_label(const char *at)
{
	size_t n = name_size(at);
	assert_true(n > 0 && at[n] == '=' && at[n + 1] == '"');
	for (at += n + 2; *at != '"'; at++) {
		assert_true((unsigned char)*at >= 0x20);
		if (*at == '\\') {
			at++;
			assert_true(*at == '\\' || *at == '"' || *at == 'n');
		}
	}
	return at + 1;
}

static void parse_sample(const char *line, struct sample *ret)
{
	size_t n = name_size(line);
	assert_true(n > 0 && n < sizeof(ret->name) && line[n] == '{');
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)n, line);
	const char *at = line + n, *labels = at + 1;
	do
		at = expect_label(at + 1);
	while (*at == ',');
	assert_true(at[0] == '}' && at[1] == ' ');
	snprintf(ret->labels, sizeof(ret->labels), "%.*s", (int)(at - labels), labels);
	at += 2;
	size_t digits = strspn(at, "0123456789");
	assert_true(digits > 0);
	if (at[digits] == '.') {
		size_t more = strspn(at + digits + 1, "0123456789");
		assert_true(more > 0);
		digits += 1 + more;
	}
	assert_int_equal(at[digits], '\0'); /* no timestamp */
	snprintf(ret->value, sizeof(ret->value), "%s", at);
}

/* A family is a HELP line, perhaps a TYPE line, and its samples, in this order; each comes once. */
static void parse(char *text, struct parsed *ret)
{
	char family[64] = "";
	size_t end = strlen(text), families = 0;
	bool over = false;
	ret->n = 0;
	assert_true(end > 0 && text[end - 1] == '\n');
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		assert_false(over);
		if (strncmp(line, "# HELP ", 7) == 0) {
			const struct pt_metric_family *next = pt_metric_family(families++);
			assert_non_null(next);
			snprintf(family, sizeof(family), "%s", next->name);
			size_t n = name_size(line + 7);
			assert_int_equal(n, strlen(family));
			assert_int_equal(strncmp(line + 7, family, n), 0);
			assert_true(line[7 + n] == ' ' && !strpbrk(line + 7 + n, "\\\""));
		} else if (strncmp(line, "# TYPE ", 7) == 0) {
			assert_int_equal(strncmp(line + 7, family, strlen(family)), 0);
			assert_string_equal(line + 7 + strlen(family), " gauge");
		} else if (strcmp(line, "# EOF") == 0) {
			over = true;
		} else {
			assert_true(ret->n < SAMPLES_MAX);
			parse_sample(line, &ret->v[ret->n]);
			assert_string_equal(ret->v[ret->n].name, family);
			for (size_t i = 0; i < ret->n; i++)
				assert_false(strcmp(ret->v[i].name, ret->v[ret->n].name) == 0 &&
					     strcmp(ret->v[i].labels, ret->v[ret->n].labels) == 0);
			ret->n++;
		}
	}
	assert_true(over);
	assert_null(pt_metric_family(families));
}

static struct parsed parsed;

/* All of it, parsed into `parsed`. */
static void read_back(const struct pt_metrics *processes, size_t n)
{
	size_t size = 0;
	char *text = pt_metrics_text(processes, n, &size);
	assert_non_null(text);
	assert_int_equal(size, strlen(text));
	assert_null(strstr(text, "\n\n"));
	parse(text, &parsed);
	free(text);
}

/* The value of a series; NULL: there is none. */
static const char *value_of(const char *name, const char *labels)
{
	for (size_t i = 0; i < parsed.n; i++)
		if (strcmp(parsed.v[i].name, name) == 0 && strcmp(parsed.v[i].labels, labels) == 0)
			return parsed.v[i].value;
	return NULL;
}

static void expect(const char *name, const char *labels, uint64_t value)
{
	char text[32];
	const char *found = value_of(name, labels);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	if (!found)
		fail_msg("no %s{%s}", name, labels);
	else
		assert_string_equal(found, text);
}

/* ---- the tests -------------------------------------------------------------------------------------------------- */

static struct pt_metrics metrics_of(struct pt_snapshot *snapshot, const char *name)
{
	struct pt_metrics m = {0};
	snprintf(snapshot->process.name, sizeof(snapshot->process.name), "%s", name);
	assert_int_equal(pt_metrics_add(&m, snapshot), 0);
	return m;
}

static void sums_by_process_and_role(void **state)
{
	(void)state;
	struct pt_snapshot *s = program_snapshot(&program);
	s->process.peak_rss = (struct pt_maybe){123456, true};
	s->process.minor_faults = (struct pt_maybe){42, true};
	s->process.threads = 3;
	s->realtime_ns = 1700000000000000001;
	s->scan_ns = 20000000;
	struct pt_metrics m = metrics_of(s, "job");
	read_back(&m, 1);
	expect("pagetop_rss_bytes", "pid=\"7\",name=\"job\"", 17 * PROGRAM_PAGE);
	expect("pagetop_anon_bytes", "pid=\"7\",name=\"job\"", 17 * PROGRAM_PAGE);
	expect("pagetop_file_bytes", "pid=\"7\",name=\"job\"", 0);
	expect("pagetop_vmas", "pid=\"7\",name=\"job\"", 4);
	expect("pagetop_size_bytes", "pid=\"7\",name=\"job\"", 0x50000);
	expect("pagetop_role_rss_bytes", "pid=\"7\",name=\"job\",role=\"heap\"", 4 * PROGRAM_PAGE);
	expect("pagetop_role_vmas", "pid=\"7\",name=\"job\",role=\"anon\"", 2);
	expect("pagetop_role_size_bytes", "pid=\"7\",name=\"job\",role=\"text\"", 0x10000);
	assert_null(value_of("pagetop_role_rss_bytes", "pid=\"7\",name=\"job\",role=\"stack\"")); /* has none */
	expect("pagetop_peak_rss_bytes", "pid=\"7\",name=\"job\"", 123456);
	expect("pagetop_threads", "pid=\"7\",name=\"job\"", 3);
	expect("pagetop_frames_total", "pid=\"7\",name=\"job\"", 1);
	expect("pagetop_faults_total", "pid=\"7\",name=\"job\",kind=\"minor\"", 42);
	assert_null(value_of("pagetop_faults_total", "pid=\"7\",name=\"job\",kind=\"major\"")); /* not known */
	assert_string_equal(value_of("pagetop_frame_timestamp_seconds", "pid=\"7\",name=\"job\""),
			    "1700000000.000000001");
	assert_string_equal(value_of("pagetop_scan_seconds", "pid=\"7\",name=\"job\""), "0.020000000");
	assert_null(value_of("pagetop_page_events_total", "pid=\"7\",name=\"job\",event=\"born\"")); /* as yet */
	pt_metrics_end(&m);
	pt_snapshot_unref(s);
}

/* Every sum that trace.h knows of a process is a metric; and roles add up to the whole. */
static void nothing_is_left_out(void **state)
{
	(void)state;
	struct pt_snapshot *s = program_snapshot(&program);
	struct pt_metrics m = metrics_of(s, "job");
	struct pt_amounts all, roles[PT_ROLE_N];
	uint64_t rss = 0;
	pt_amounts_of(s, &all, roles);
	read_back(&m, 1);
	for (int q = 0; q < PT_QUANTITY_N; q++) {
		char name[64];
		snprintf(name, sizeof(name), "pagetop_%s%s", pt_quantity_name((enum pt_quantity)q),
			 q == PT_QUANTITY_VMAS ? "" : "_bytes");
		assert_true(all.v[q].known);
		expect(name, "pid=\"7\",name=\"job\"", all.v[q].value);
	}
	for (size_t i = 0; i < parsed.n; i++)
		if (strcmp(parsed.v[i].name, "pagetop_role_rss_bytes") == 0)
			rss += strtoull(parsed.v[i].value, NULL, 10);
	assert_int_equal(rss, all.v[PT_QUANTITY_RSS].value);
	pt_metrics_end(&m);
	pt_snapshot_unref(s);
}

static void what_was_not_read_is_left_out(void **state)
{
	(void)state;
	struct pt_snapshot *s = program_snapshot(&program);
	for (size_t i = 0; i < PT_SIG_N; i++)
		s->signals.of[i].given = PT_ABSENT;
	struct pt_metrics m = metrics_of(s, "job");
	read_back(&m, 1);
	assert_null(value_of("pagetop_thp_bytes", "pid=\"7\",name=\"job\""));
	assert_null(value_of("pagetop_role_thp_bytes", "pid=\"7\",name=\"job\",role=\"heap\""));
	assert_null(value_of("pagetop_peak_rss_bytes", "pid=\"7\",name=\"job\""));
	expect("pagetop_vmas", "pid=\"7\",name=\"job\"", 4);
	pt_metrics_end(&m);
	pt_snapshot_unref(s);
}

static void names_are_hostile(void **state)
{
	(void)state;
	static const struct {
		const char *name, *label;
	} names[] = {
		{"", "name=\"\""},
		{"a\"b\\c\nd", "name=\"a\\\"b\\\\c\\\\x0ad\""},
		{"\"} 1\npagetop_rss_bytes{pid=\"1", "name=\"\\\"} 1\\\\x0apagetop_rss_bytes{pid=\\\"1\""},
		{"\033[2J\xff", "name=\"\\\\x1b[2J\\\\xff\""},
		{"\xe2\x80\xae\xc3\xa9", "name=\"\\\\u{202E}\xc3\xa9\""},
		{"\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001"
		 "\001"
		 "\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001"
		 "\001"
		 "\001\001\001\001\001\001\001\001\001\001\001",
		 NULL},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct pt_snapshot *s = program_snapshot(&program);
		struct pt_metrics m = metrics_of(s, names[i].name);
		char labels[256];
		read_back(&m, 1);
		if (names[i].label) {
			snprintf(labels, sizeof(labels), "pid=\"7\",%s", names[i].label);
			expect("pagetop_vmas", labels, 4);
		} else {
			assert_int_equal(strlen(parsed.v[0].labels), strlen("pid=\"7\",name=\"\"") + 63 * 5);
		}
		m.anonymous = true;
		read_back(&m, 1);
		expect("pagetop_vmas", "pid=\"7\"", 4);
		pt_metrics_end(&m);
		pt_snapshot_unref(s);
	}
}

static void several_processes_share_families(void **state)
{
	(void)state;
	struct pt_snapshot *a = program_snapshot(&program), *b = program_snapshot(&program);
	b->process.pid = 8;
	struct pt_metrics m[2] = {metrics_of(a, "one"), metrics_of(b, "two")};
	read_back(m, 2);
	expect("pagetop_rss_bytes", "pid=\"7\",name=\"one\"", 17 * PROGRAM_PAGE);
	expect("pagetop_rss_bytes", "pid=\"8\",name=\"two\"", 17 * PROGRAM_PAGE);
	read_back(NULL, 0);
	assert_int_equal(parsed.n, 0);
	for (size_t i = 0; i < 2; i++)
		pt_metrics_end(&m[i]);
	pt_snapshot_unref(a);
	pt_snapshot_unref(b);
}

/* Counters add up the ledgers of neighbouring frames; nothing is told over an exec, and nothing forgotten. */
static void events_are_counted_over_frames(void **state)
{
	(void)state;
	static struct space space;
	struct pt_metrics m = {0};
	uint64_t born = 0, freed = 0;
	struct pt_snapshot *before = NULL;
	space_map(&space, 0, SPACE_PAGES, PT_READ | PT_WRITE, 0);
	for (uint64_t i = 0; i < 12; i++) {
		for (int changes = 0; changes < 20; changes++)
			space.pages[space_random(SPACE_PAGES)] = space_random_page();
		struct pt_snapshot *s = space_snapshot(&space, before, (i + 1) * 1000000000);
		struct pt_ledger ledger;
		s->process.pid = 9;
		s->process.image = i >= 6; /* an exec */
		assert_int_equal(pt_metrics_add(&m, s), 0);
		if (before && i != 6) {
			assert_int_equal(pt_ledger_make(before, s, &ledger), 0);
			born += ledger.n[PT_BORN];
			freed += ledger.n[PT_FREED];
			pt_ledger_free(&ledger);
		}
		pt_snapshot_unref(before);
		before = s;
		read_back(&m, 1);
		if (i > 0) {
			expect("pagetop_page_events_total", "pid=\"9\",name=\"\",event=\"born\"", born);
			expect("pagetop_page_events_total", "pid=\"9\",name=\"\",event=\"freed\"", freed);
		}
	}
	assert_true(born > 0 && freed > 0);
	expect("pagetop_frames_total", "pid=\"9\",name=\"\"", 12);
	/* what cannot be told once is not told any more: it would not be the sum */
	struct pt_snapshot *blind = space_snapshot(&space, before, 99000000000);
	blind->process.pid = 9;
	blind->process.image = 1;
	for (size_t i = 0; i < PT_SIG_N; i++)
		blind->signals.of[i].given = PT_ABSENT;
	assert_int_equal(pt_metrics_add(&m, blind), 0);
	read_back(&m, 1);
	assert_null(value_of("pagetop_page_events_total", "pid=\"9\",name=\"\",event=\"migrated\""));
	pt_snapshot_unref(blind);
	pt_snapshot_unref(before);
	pt_metrics_end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_by_process_and_role),         cmocka_unit_test(nothing_is_left_out),
		cmocka_unit_test(what_was_not_read_is_left_out),    cmocka_unit_test(names_are_hostile),
		cmocka_unit_test(several_processes_share_families), cmocka_unit_test(events_are_counted_over_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
