/*
 * Files of baselines: what is written is read again, and whatever is none is refused with a reason. The file's reader is
 * compiled into the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/rounds.h"
#include "tui/commands/baseline_file.c" /* NOLINT(bugprone-suspicious-include) */
#include "tui/commands/replace_file.c"  /* NOLINT(bugprone-suspicious-include) */

static char folder[] = "/tmp/pt-baseline-XXXXXX", path[64];

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/main.json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void write_text(const char *text, size_t size)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void test_round(void **state)
{
	(void)state;
	struct pt_baseline before = {.n = 0}, after;
	char message[512];
	for (size_t i = 0; i < PT_BASELINE_RUNS; i++) {
		struct pt_baseline_run run = {.realtime_ns = i ? (1700000000 + i) * 1000000000 : 0};
		for (size_t k = 0; k < PT_MEASURES; k++)
			run.v[k] = k == i ? NAN : (double)(1000 * i + k) + (k == 0 ? 0.125 : 0);
		pt_baseline_add(&before, &run);
	}
	assert_int_equal(ui_baseline_save(path, &before), 0);
	assert_int_equal(ui_baseline_load(path, &after, message, sizeof(message)), 0);
	assert_int_equal(after.n, before.n);
	for (size_t i = 0; i < after.n; i++) {
		assert_int_equal(after.runs[i].realtime_ns, before.runs[i].realtime_ns);
		for (size_t k = 0; k < PT_MEASURES; k++)
			assert_true(k == i ? isnan(after.runs[i].v[k]) : after.runs[i].v[k] == before.runs[i].v[k]);
	}
	unlink(path);
	assert_int_equal(ui_baseline_load(path, &after, message, sizeof(message)), -ENOENT);
	assert_int_equal(ui_baseline_save("/proc/none/main.json", &before), -ENOENT);
}

#define HEAD "{\"pagetop-baseline\": 1, \"runs\": ["
#define RUN  "{\"measures\": {\"peak(rss)\": 5}}"

static const struct {
	const char *text, *reason;
} refused[] = {
	{"", "line 1, column 0: "},
	{"{", "line 1"},
	{"\xff\xfe", "line 1"},
	{"[]", "there is no \"pagetop-baseline\""},
	{"{}", "there is no \"pagetop-baseline\""},
	{"{\"pagetop-baseline\": \"1\"}", "there is no \"pagetop-baseline\""},
	{"{\"pagetop-baseline\": 2, \"runs\": []}", "version 2, and this pagetop knows version 1"},
	{"{\"pagetop-baseline\": 1}", "no array \"runs\""},
	{"{\"pagetop-baseline\": 1, \"runs\": {}}", "no array \"runs\""},
	{"{\"pagetop-baseline\": 1, \"runs\": [], \"x\": 1}", "'x' means nothing here"},
	{"{\"pagetop-baseline\": 1, \"pagetop-baseline\": 1, \"runs\": []}", "duplicate"},
	{HEAD "5]}", "run 1 is no object"},
	{HEAD RUN ", {}]}", "run 2 has no \"measures\""},
	{HEAD "{\"measures\": 5}]}", "run 1: \"measures\" is no object"},
	{HEAD "{\"measures\": {}, \"when\": 5}]}", "run 1: \"when\" is no time"},
	{HEAD "{\"measures\": {}, \"when\": \"yesterday\"}]}", "run 1: \"when\" is no time"},
	{HEAD "{\"measures\": {}, \"when\": \"1969-01-01T00:00:00Z\"}]}", "run 1: \"when\" is no time"},
	{HEAD "{\"measures\": {}, \"note\": 5}]}", "run 1: 'note' means nothing here"},
	{HEAD "{\"measures\": {\"peak(soul)\": 5}}]}", "run 1: 'peak(soul)' is no measure"},
	{HEAD "{\"measures\": {\"peak(rss)\": -1}}]}", "run 1: peak(rss) is neither null nor a number"},
	{HEAD "{\"measures\": {\"peak(rss)\": 1e19}}]}", "run 1: peak(rss) is neither null nor a number"},
	{HEAD "{\"measures\": {\"peak(rss)\": 1e999}}]}", "line 1"},
	{HEAD "{\"measures\": {\"peak(rss)\": \"5\"}}]}", "run 1: peak(rss) is neither null nor a number"},
	{HEAD RUN "," RUN "," RUN "," RUN "," RUN "," RUN "," RUN "," RUN "," RUN "," RUN "," RUN "]}",
	 "it holds 11 runs, and 10 are kept at most"},
};

static void is_refused(const char *text, size_t size, const char *reason)
{
	struct pt_baseline baseline;
	char message[512] = "";
	write_text(text, size);
	int error = ui_baseline_load(path, &baseline, message, sizeof(message));
	if (error != -EINVAL || !strstr(message, reason) || strncmp(message, path, strlen(path)) != 0)
		fail_msg("%.80s: %d '%s', where '%s' was expected", text, error, message, reason);
}

static void test_refused(void **state)
{
	(void)state;
	struct pt_baseline baseline;
	char message[512];
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		is_refused(refused[i].text, strlen(refused[i].text), refused[i].reason);

	size_t large = UI_BASELINE_MOST + 1;
	char *text = malloc(large);
	assert_non_null(text);
	memset(text, '[', large);
	is_refused(text, 100000, "line 1"); /* nested too deeply */
	is_refused(text, large, "larger than any baseline");
	free(text);
	unlink(path);

	assert_int_equal(mkfifo(path, 0600), 0); /* is not waited for */
	assert_int_equal(ui_baseline_load(path, &baseline, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, "no plain file"));
	unlink(path);
	assert_int_equal(ui_baseline_load(folder, &baseline, message, sizeof(message)), -EINVAL);
}

static void test_by_hand(void **state)
{
	(void)state;
	static const char text[] = HEAD "{\"when\": null, \"measures\": {\"duration\": 3, \"peak(rss)\": null}}]}";
	struct pt_baseline baseline;
	char message[512];
	write_text(text, strlen(text));
	assert_int_equal(ui_baseline_load(path, &baseline, message, sizeof(message)), 0);
	assert_true(baseline.n == 1 && baseline.runs[0].realtime_ns == 0 && baseline.runs[0].v[0] == 3);
	for (size_t k = 1; k < PT_MEASURES; k++)
		assert_true(isnan(baseline.runs[0].v[k]));
	unlink(path);
}

/* ---- damaged ---------------------------------------------------------------------------------------------------- */

#define LARGE 16384

static uint64_t state_of_random = 7;

static size_t below(size_t n)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (size_t)(state_of_random % n);
}

/* What JSON is made of, and numbers that are hard to take. */
static const char *const pieces[] = {"{",     "}",    "[",       "]",         ",",        ":",
				     "\"",    "null", "true",    "-1",        "1e999",    "1e18",
				     "1e400", "-0.0", "\\u0000", "\\ud800",   "\x1b",     "\xff",
				     "runs",  "when", "NaN",     "\"runs\":", "measures", "9999999999999999999"};

/* One thing is done to it: a byte, a bit, a piece put in or in the place of others, a stretch cut out or told again, the end
 * cut off. */
static size_t damage(char *text, size_t n)
{
	size_t at = below(n), size = 1 + below(n - at < 40 ? n - at : 40);
	const char *piece = pieces[below(sizeof(pieces) / sizeof(*pieces))];
	size_t piece_size = strlen(piece);
	switch (below(6)) {
	case 0: text[at] = (char)below(256); return n;
	case 1: text[at] = (char)(text[at] ^ 1 << below(8)); return n;
	case 2: return at ? at : 1;
	case 3:
		if (n - size == 0)
			return n;
		memmove(text + at, text + at + size, n - at - size);
		return n - size;
	case 4:
		if (n + size > LARGE)
			return n;
		memmove(text + at + size, text + at, n - at);
		return n + size;
	default:
		if (n + piece_size > LARGE)
			return n;
		memmove(text + at + piece_size, text + at, n - at);
		for (size_t i = 0; i < piece_size; i++)
			text[at + i] = piece[i];
		return n + piece_size;
	}
}

/* Whatever becomes of a file, it is refused in one line, or it is a baseline that makes sense. */
static void expect_sense(void)
{
	struct pt_baseline baseline, again;
	char message[512] = "";
	int error = ui_baseline_load(path, &baseline, message, sizeof(message));
	if (error) {
		assert_true(message[0] && !strchr(message, '\n'));
		return;
	}
	assert_true(baseline.n <= PT_BASELINE_RUNS);
	for (size_t i = 0; i < baseline.n; i++)
		for (size_t k = 0; k < PT_MEASURES; k++) {
			double v = baseline.runs[i].v[k];
			assert_true(isnan(v) || (v >= 0 && v <= LARGEST));
			struct pt_baseline_limit limit = pt_baseline_limit(&baseline, k);
			assert_true(!limit.runs || limit.limit >= limit.most);
		}
	assert_int_equal(ui_baseline_save(path, &baseline), 0);
	assert_int_equal(ui_baseline_load(path, &again, message, sizeof(message)), 0);
	assert_int_equal(again.n, baseline.n);
}

static void test_damaged(void **state)
{
	(void)state;
	static char whole[LARGE], text[LARGE];
	struct pt_baseline baseline = {.n = 0};
	for (size_t i = 0; i < 3; i++) {
		struct pt_baseline_run run = {.realtime_ns = (1700000000 + i) * 1000000000};
		for (size_t k = 0; k < PT_MEASURES; k++)
			run.v[k] = (double)(k * 1000 + i);
		pt_baseline_add(&baseline, &run);
	}
	assert_int_equal(ui_baseline_save(path, &baseline), 0);
	FILE *f = fopen(path, "re");
	size_t size = f ? fread(whole, 1, sizeof(whole), f) : 0;
	assert_non_null(f);
	fclose(f);
	assert_true(size > 0 && size < LARGE / 2);
	for (unsigned round = 0; round < rounds(2000); round++) {
		size_t n = size;
		memcpy(text, whole, n);
		for (size_t times = 1 + below(3); times > 0; times--)
			n = damage(text, n);
		write_text(text, n);
		expect_sense();
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
