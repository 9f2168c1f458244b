/*
 * JSON to baselines and back, by jansson; see baseline_file.h. Holds nothing.
 */
#include "tui/commands/baseline_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tui/commands/replace_file.h"

#define VERSION_KEY "pagetop-baseline"
#define VERSION     1
#define LARGEST     1e18
#define SECOND      1000000000u

/* Where it is being read, and where to say what is wrong. */
struct reader {
	const char *path;
	char *message;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reader *r, const char *format, ...)
{
	char what[400];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(r->message, r->size, "%s: %s", r->path, what);
	return -EINVAL;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* A plain file of a sensible size; no FIFO is waited for. */
static int read_text(const struct reader *r, char **ret, size_t *ret_size)
{
	struct stat st;
	int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		error = -errno;
		snprintf(r->message, r->size, "cannot open %s: %s", r->path, strerror(-error));
		if (fd >= 0)
			close(fd);
		return error;
	}
	char *text = malloc(UI_BASELINE_MOST + 1);
	FILE *f = fdopen(fd, "r");
	if (!text || !f)
		error = refuse(r, "out of memory");
	else if (!S_ISREG(st.st_mode))
		error = refuse(r, "that is no plain file");
	*ret_size = error ? 0 : fread(text, 1, UI_BASELINE_MOST + 1, f);
	if (!error && ferror(f))
		error = refuse(r, "it cannot be read");
	if (*ret_size > UI_BASELINE_MOST)
		error = refuse(r, "it is larger than any baseline");
	if (f)
		fclose(f);
	else
		close(fd);
	if (error)
		free(text);
	else
		*ret = text;
	return error;
}

/* "2026-11-21T17:50:00Z", or null. */
static int read_when(const struct reader *r, size_t number, const json_t *when, struct pt_baseline_run *run)
{
	struct tm tm = {0};
	const char *text = json_string_value(when);
	if (json_is_null(when))
		return 0;
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;
	time_t seconds = end && !*end ? timegm(&tm) : -1;
	if (seconds < 0)
		return refuse(r, "run %zu: \"when\" is no time like 2026-11-21T17:50:00Z", number);
	run->realtime_ns = (uint64_t)seconds * SECOND;
	return 0;
}

static int read_measures(const struct reader *r, size_t number, json_t *measures, struct pt_baseline_run *run)
{
	const char *name;
	json_t *value;
	if (!json_is_object(measures))
		return refuse(r, "run %zu: \"measures\" is no object", number);
	json_object_foreach(measures, name, value)
	{
		size_t i = pt_measure_of(name);
		if (i == PT_MEASURES)
			return refuse(r, "run %zu: '%.80s' is no measure that this pagetop knows", number, name);
		double v = json_number_value(value);
		if (!json_is_null(value) && (!json_is_number(value) || !(v >= 0 && v <= LARGEST)))
			return refuse(r, "run %zu: %s is neither null nor a number from 0 to 1e18", number, name);
		run->v[i] = json_is_null(value) ? NAN : v;
	}
	return 0;
}

static int read_run(const struct reader *r, size_t number, json_t *json, struct pt_baseline_run *run)
{
	const char *key;
	json_t *value;
	int error = 0;
	*run = (struct pt_baseline_run){0};
	for (size_t i = 0; i < PT_MEASURES; i++)
		run->v[i] = NAN;
	if (!json_is_object(json))
		return refuse(r, "run %zu is no object", number);
	json_object_foreach(json, key, value)
	{
		if (strcmp(key, "when") == 0)
			error = read_when(r, number, value, run);
		else if (strcmp(key, "measures") == 0)
			error = read_measures(r, number, value, run);
		else
			error = refuse(r, "run %zu: '%.80s' means nothing here", number, key);
		if (error)
			return error;
	}
	if (!json_object_get(json, "measures"))
		return refuse(r, "run %zu has no \"measures\"", number);
	return 0;
}

static int read_runs(const struct reader *r, json_t *runs, struct pt_baseline *ret)
{
	if (!json_is_array(runs))
		return refuse(r, "it has no array \"runs\"");
	if (json_array_size(runs) > PT_BASELINE_RUNS)
		return refuse(r, "it holds %zu runs, and %d are kept at most", json_array_size(runs), PT_BASELINE_RUNS);
	for (size_t i = 0; i < json_array_size(runs); i++) {
		struct pt_baseline_run run;
		int error = read_run(r, i + 1, json_array_get(runs, i), &run);
		if (error)
			return error;
		pt_baseline_add(ret, &run);
	}
	return 0;
}

static int read_root(const struct reader *r, json_t *root, struct pt_baseline *ret)
{
	const char *key;
	json_t *value, *version = json_object_get(root, VERSION_KEY);
	if (!json_is_integer(version))
		return refuse(r, "it is no baseline of pagetop: there is no \"" VERSION_KEY "\"");
	if (json_integer_value(version) != VERSION)
		return refuse(r, "it is a baseline of version %lld, and this pagetop knows version %d",
			      (long long)json_integer_value(version), VERSION);
	json_object_foreach(root, key, value)
	{
		if (strcmp(key, VERSION_KEY) != 0 && strcmp(key, "runs") != 0)
			return refuse(r, "'%.80s' means nothing here", key);
	}
	return read_runs(r, json_object_get(root, "runs"), ret);
}

int ui_baseline_load(const char *path, struct pt_baseline *ret, char *message, size_t size)
{
	const struct reader r = {path, message, size};
	char *text = NULL;
	size_t n = 0;
	json_error_t wrong;
	*ret = (struct pt_baseline){.n = 0};
	int error = read_text(&r, &text, &n);
	if (error)
		return error;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &wrong);
	free(text);
	if (root)
		error = read_root(&r, root, ret);
	else
		error = refuse(&r, "line %d, column %d: %s", wrong.line, wrong.column, wrong.text);
	json_decref(root);
	return error;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static json_t *json_when(uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / SECOND);
	struct tm tm;
	char text[32];
	if (!realtime_ns || !gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(text);
}

static json_t *json_measure(double v, enum pt_measure_unit unit)
{
	if (isnan(v))
		return json_null();
	return unit == PT_MEASURE_SECONDS ? json_real(round(v * 1000) / 1000) : json_integer((json_int_t)v);
}

static json_t *json_run(const struct pt_baseline_run *run)
{
	json_t *measures = json_object(), *ret = json_object();
	int error = json_object_set_new(ret, "when", json_when(run->realtime_ns));
	for (size_t i = 0; i < PT_MEASURES; i++)
		error |= json_object_set_new(measures, pt_measure_name(i), json_measure(run->v[i], pt_measure_unit(i)));
	error |= json_object_set_new(ret, "measures", measures);
	if (!error)
		return ret;
	json_decref(ret);
	return NULL;
}

static json_t *json_baseline(const struct pt_baseline *baseline)
{
	json_t *runs = json_array(), *ret = json_object();
	int error = json_object_set_new(ret, VERSION_KEY, json_integer(VERSION));
	for (size_t i = 0; i < baseline->n; i++)
		error |= json_array_append_new(runs, json_run(&baseline->runs[i]));
	error |= json_object_set_new(ret, "runs", runs);
	if (!error)
		return ret;
	json_decref(ret);
	return NULL;
}

int ui_baseline_save(const char *path, const struct pt_baseline *baseline)
{
	json_t *json = json_baseline(baseline);
	char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : NULL, *line = NULL;
	int n = text ? asprintf(&line, "%s\n", text) : -1;
	int error = n < 0 ? ENOMEM : ui_replace_file(path, line, (size_t)n, false);
	if (n >= 0)
		free(line);
	free(text);
	json_decref(json);
	return -error;
}
