/*
 * The command line as struct ui_options. Nothing is printed here: an error is one line in the caller's buffer, so tests
 * read it as people do. Values and operands point into argv.
 */
#include "tui/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/history.h"
#include "core/hunt/view.h"
#include "core/text/near.h"
#include "tui/commands/commands.h"

#define PID_MOST     4194304     /* include/linux/threads.h PID_MAX_LIMIT */
#define INTERVAL     1000000000u /* ns, of -d where it is not given, */
#define RUN_INTERVAL 100000000u  /* also of run, whose processes may be short-lived */
#define BUDGET       5           /* percent of a core, likewise: */
#define RUN_BUDGET   2           /* what is run is not to take longer */
#define INTERVAL_MIN 0.05
#define INTERVAL_MAX 3600.0
#define BUDGET_MIN   0.1
#define BUDGET_MAX   100.0
#define THREADS_MAX  8
#define FOR_MAX      1e8 /* three years */
#define SYNC_MAX     100000
#define PERIOD_MAX   1e9
#define PASSES_MAX   100
#define SITES        10 /* seconds, of --sites where it has no value */

enum {
	OPT_BUDGET = 256,
	OPT_THREADS,
	OPT_ASCII,
	OPT_COLOR,
	OPT_DEMO,
	OPT_SINCE,
	OPT_HISTORY,
	OPT_STOP,
	OPT_ALL,
	OPT_SWAPPED,
	OPT_FORCE,
	OPT_MERGE,
	OPT_CLEAR,
	OPT_CONTENT,
	OPT_FROM,
	OPT_TO,
	OPT_AT,
	OPT_FOR,
	OPT_SYNC,
	OPT_ANONYMIZE,
	OPT_ASSERT,
	OPT_ASSERTIONS,
	OPT_JUNIT,
	OPT_STRICT,
	OPT_BASELINE,
	OPT_BASELINE_UPDATE,
	OPT_MARKS,
	OPT_METRICS,
	OPT_LIVE,
	OPT_WAIT_ALL,
	OPT_REPORT,
	OPT_KEEP,
	OPT_BY,
	OPT_FOLDED,
	OPT_STACKS,
	OPT_PERIOD,
	OPT_ALLOCATIONS,
	OPT_FAULTS,
	OPT_OBJECTS,
	OPT_TIER,
	OPT_WHY,
	OPT_PASSES,
	OPT_SITES,
	OPT_CHECK,
	OPT_SNAPSHOTS,
	OPT_EVERY,
};

/* "-": operands come in order, so that those behind -- can be told; ":": a missing argument is told from the rest. */
static const char short_options[] = "-:p:d:f:o:i:JnrbVh";
static const struct option long_options[] = {
	{"pid", required_argument, NULL, 'p'},
	{"interval", required_argument, NULL, 'd'},
	{"budget", required_argument, NULL, OPT_BUDGET},
	{"threads", required_argument, NULL, OPT_THREADS},
	{"history", required_argument, NULL, OPT_HISTORY},
	{"filter", required_argument, NULL, 'f'},
	{"output", required_argument, NULL, 'o'},
	{"input", required_argument, NULL, 'i'},
	{"json", no_argument, NULL, 'J'},
	{"noheadings", no_argument, NULL, 'n'},
	{"raw", no_argument, NULL, 'r'},
	{"bytes", no_argument, NULL, 'b'},
	{"ascii", no_argument, NULL, OPT_ASCII},
	{"color", required_argument, NULL, OPT_COLOR},
	{"demo", no_argument, NULL, OPT_DEMO},
	{"since", required_argument, NULL, OPT_SINCE},
	{"stop", optional_argument, NULL, OPT_STOP},
	{"all", no_argument, NULL, OPT_ALL},
	{"swapped", no_argument, NULL, OPT_SWAPPED},
	{"force", no_argument, NULL, OPT_FORCE},
	{"merge", no_argument, NULL, OPT_MERGE},
	{"clear-soft-dirty", no_argument, NULL, OPT_CLEAR},
	{"content", no_argument, NULL, OPT_CONTENT},
	{"from", required_argument, NULL, OPT_FROM},
	{"to", required_argument, NULL, OPT_TO},
	{"at", required_argument, NULL, OPT_AT},
	{"for", required_argument, NULL, OPT_FOR},
	{"sync", required_argument, NULL, OPT_SYNC},
	{"anonymize", no_argument, NULL, OPT_ANONYMIZE},
	{"faults", no_argument, NULL, OPT_FAULTS},
	{"marks", required_argument, NULL, OPT_MARKS},
	{"metrics", required_argument, NULL, OPT_METRICS},
	{"live", no_argument, NULL, OPT_LIVE},
	{"wait-all", no_argument, NULL, OPT_WAIT_ALL},
	{"report", required_argument, NULL, OPT_REPORT},
	{"keep", required_argument, NULL, OPT_KEEP},
	{"by", required_argument, NULL, OPT_BY},
	{"folded", optional_argument, NULL, OPT_FOLDED},
	{"stacks", required_argument, NULL, OPT_STACKS},
	{"period", required_argument, NULL, OPT_PERIOD},
	{"allocations", no_argument, NULL, OPT_ALLOCATIONS},
	{"objects", no_argument, NULL, OPT_OBJECTS},
	{"tier", required_argument, NULL, OPT_TIER},
	{"why", required_argument, NULL, OPT_WHY},
	{"passes", required_argument, NULL, OPT_PASSES},
	{"sites", optional_argument, NULL, OPT_SITES},
	{"check", no_argument, NULL, OPT_CHECK},
	{"snapshots", no_argument, NULL, OPT_SNAPSHOTS},
	{"every", required_argument, NULL, OPT_EVERY},
	{"assert", required_argument, NULL, OPT_ASSERT},
	{"assertions", required_argument, NULL, OPT_ASSERTIONS},
	{"junit", required_argument, NULL, OPT_JUNIT},
	{"strict", no_argument, NULL, OPT_STRICT},
	{"baseline", required_argument, NULL, OPT_BASELINE},
	{"baseline-update", no_argument, NULL, OPT_BASELINE_UPDATE},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Where an error goes. */
struct complaint {
	char *text;
	size_t size;
};

/* Writes the line; returns UI_USAGE, so that callers can return it. */
__attribute__((format(printf, 2, 3))) static int usage(struct complaint *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->text, c->size, format, args);
	va_end(args);
	return UI_USAGE;
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

bool ui_parse_pid(const char *text, pid_t *ret)
{
	long pid = 0;

	if (text[0] < '1' || text[0] > '9')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		pid = pid * 10 + (*text - '0');
		if (pid > PID_MOST)
			return false;
	}
	*ret = (pid_t)pid;
	return true;
}

bool ui_parse_decimal(const char *text, double min, double max, double *ret)
{
	double value = 0, unit = 1;
	bool digit = false, fraction = false;

	/* By hand: strtod takes blanks, signs, "inf" and hexadecimal, and a comma where the locale has it so. */
	for (; *text; text++) {
		if (*text == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		digit = true;
		value = value * 10 + (*text - '0');
		unit *= fraction ? 10 : 1;
	}
	value /= unit;
	if (!digit || !(value >= min && value <= max))
		return false;
	*ret = value;
	return true;
}

bool ui_parse_size(const char *text, size_t *ret)
{
	static const char units[] = "KMGT";
	size_t size = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, *at - '0', &size))
			return false;
	}
	if (at == text)
		return false;
	if (*at) {
		const char *unit = strchr(units, *at);
		unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;

		if (!unit || at[1] || size << shift >> shift != size)
			return false;
		size <<= shift;
	}
	*ret = size;
	return true;
}

bool ui_parse_address(const char *text, uint64_t *ret)
{
	bool prefix = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	size_t n = strlen(text) - (prefix ? 2 : 0);

	if (prefix)
		text += 2;
	if (n == 0 || n > 16 || strspn(text, "0123456789abcdefABCDEF") != n)
		return false;
	*ret = strtoull(text, NULL, 16);
	return true;
}

static int parse_threads(const char *text, unsigned *ret, struct complaint *c)
{
	double n;
	if (!ui_parse_decimal(text, 1, THREADS_MAX, &n) || n != (double)(unsigned)n)
		return usage(c, "'%s' is no number of threads: --threads takes 1 to %d", text, THREADS_MAX);
	*ret = (unsigned)n;
	return UI_OK;
}

static int parse_colours(const char *text, enum ui_colours *ret, struct complaint *c)
{
	static const struct {
		const char *name;
		enum ui_colours colours;
	} names[] = {{"never", UI_COLOURS_MONO},
		     {"always", UI_COLOURS_AUTO},
		     {"8", UI_COLOURS_8},
		     {"16", UI_COLOURS_16},
		     {"256", UI_COLOURS_256}};

	if (strcmp(text, "auto") == 0) /* what NO_COLOR and the terminal say, which is the default */
		return UI_OK;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*ret = names[i].colours;
			return UI_OK;
		}
	}
	return usage(c, "--color takes auto, always, never, 8, 16 or 256, not '%s'", text);
}

static int parse_stop(const char *text, enum pt_dump_stop *ret, struct complaint *c)
{
	if (text && strcmp(text, pt_stop_name(PT_STOP_REGISTERS)) != 0 && strcmp(text, pt_stop_name(PT_STOP_ALL)) != 0)
		return usage(c, "--stop takes all (which it means without a value) or registers, not '%s'", text);
	*ret = text && strcmp(text, pt_stop_name(PT_STOP_REGISTERS)) == 0 ? PT_STOP_REGISTERS : PT_STOP_ALL;
	return UI_OK;
}

static const char *const tables_of_faults[UI_BY_N] = {
	[UI_BY_NONE] = "report",     [UI_BY_KIND] = "kind",         [UI_BY_VMA] = "vma",
	[UI_BY_ADDRESS] = "address", [UI_BY_THREAD] = "thread",     [UI_BY_CPU] = "cpu",
	[UI_BY_STACK] = "stack",     [UI_BY_REPEATER] = "repeater", [UI_BY_ALLOCATION] = "allocation",
	[UI_BY_GROWTH] = "growth"};

const char *ui_faults_by_name(enum ui_faults_by by)
{
	return tables_of_faults[by];
}

static const char *const tables_of_leaks[UI_LEAKS_BY_N] = {"report", "leaks", "groups", "objects",
							   "pages",  "sites", "heap"};

const char *ui_leaks_by_name(enum ui_leaks_by by)
{
	return tables_of_leaks[by];
}

/* Index of a word in a list, whose first is none of those that can be asked for. 0: it is not there; NULL is not asked. */
static int find_table(const char *word, const char *const *names, int n)
{
	for (int i = 1; word && i < n; i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	return 0;
}

static int parse_folded(const char *text, enum ui_folded *ret, struct complaint *c)
{
	static const char *const names[UI_FOLDED_N] = {NULL, "faults", "bytes", "born"};
	*ret = UI_FOLDED_FAULTS;
	for (int folded = UI_FOLDED_FAULTS; text && folded < UI_FOLDED_N; folded++)
		if (strcmp(text, names[folded]) == 0) {
			*ret = (enum ui_folded)folded;
			return UI_OK;
		}
	return text ? usage(c, "--folded takes faults (which it means without a value), bytes or born, not '%s'", text)
		    : UI_OK;
}

static int parse_stacks(const char *text, bool *ret_no, struct complaint *c)
{
	*ret_no = strcmp(text, "no") == 0;
	return *ret_no || strcmp(text, "yes") == 0 ? UI_OK : usage(c, "--stacks takes yes or no, not '%s'", text);
}

static int parse_period(const char *text, uint64_t *ret, struct complaint *c)
{
	double n;
	if (!ui_parse_decimal(text, 1, PERIOD_MAX, &n) || n != (double)(uint64_t)n)
		return usage(c, "'%s' is no period: --period takes 1 to %.0f, every so many faults are told", text,
			     PERIOD_MAX);
	*ret = (uint64_t)n;
	return UI_OK;
}

/* NULL: as long as --sites takes without a value. */
static int parse_seconds(const char *text, const char *option, uint64_t *ret, struct complaint *c)
{
	double seconds = SITES;
	if (text && !ui_parse_decimal(text, INTERVAL_MIN, FOR_MAX, &seconds))
		return usage(c, "'%s' is no time: %s takes seconds from %g on", text, option, INTERVAL_MIN);
	*ret = (uint64_t)(seconds * 1e9 + 0.5);
	return UI_OK;
}

static int parse_passes(const char *text, unsigned *ret, struct complaint *c)
{
	double n;
	if (!ui_parse_decimal(text, 1, PASSES_MAX, &n) || n != (double)(unsigned)n)
		return usage(c, "'%s' is no number of passes: --passes takes 1 to %d", text, PASSES_MAX);
	*ret = (unsigned)n;
	return UI_OK;
}

static int parse_why(const char *text, struct ui_options *o, struct complaint *c)
{
	o->why = text;
	return ui_parse_address(text, &o->why_address)
		       ? UI_OK
		       : usage(c, "'%s' is no address: --why takes it in hexadecimal, as leaks has it", text);
}

/* ---- options --------------------------------------------------------------------------------------------------- */

/* There is room for as many as there are words. */
static void add_assert(const char *text, struct ui_options *o)
{
	size_t n = 0;
	while (o->asserts[n])
		n++;
	o->asserts[n] = text;
}

static int take_value(int option, const char *value, struct ui_options *o, struct complaint *c)
{
	double number;

	switch (option) {
	case 'p':
		if (!ui_parse_pid(value, &o->pid))
			return usage(c, "'%s' is no process id: -p takes a number from 1 to %d", value, PID_MOST);
		return UI_OK;
	case 'd':
		if (!ui_parse_decimal(value, INTERVAL_MIN, INTERVAL_MAX, &number))
			return usage(c, "'%s' is no interval: -d takes seconds from %g to %g", value, INTERVAL_MIN,
				     INTERVAL_MAX);
		o->interval_ns = (uint64_t)(number * 1e9 + 0.5);
		return UI_OK;
	case OPT_BUDGET:
		if (!ui_parse_decimal(value, BUDGET_MIN, BUDGET_MAX, &o->budget))
			return usage(c, "'%s' is no budget: --budget takes percent of one core from %g to %g", value,
				     BUDGET_MIN, BUDGET_MAX);
		return UI_OK;
	case OPT_THREADS: return parse_threads(value, &o->threads, c);
	case OPT_HISTORY:
		if (!ui_parse_size(value, &o->history_bytes))
			return usage(c, "'%s' is no size: --history takes bytes, as 64M, or 0 for none", value);
		return UI_OK;
	case OPT_COLOR: return parse_colours(value, &o->colours, c);
	case OPT_STOP: return parse_stop(value, &o->stop, c);
	case OPT_BY: o->table = value; return UI_OK;
	case OPT_TIER: o->tier = value; return UI_OK;
	case OPT_WHY: return parse_why(value, o, c);
	case OPT_PASSES: return parse_passes(value, &o->passes, c);
	case OPT_SITES: return parse_seconds(value, "--sites", &o->sites_ns, c);
	case OPT_EVERY: return parse_seconds(value, "--every", &o->every_ns, c);
	case OPT_FOLDED: return parse_folded(value, &o->folded, c);
	case OPT_STACKS: return parse_stacks(value, &o->no_stacks, c);
	case OPT_PERIOD: return parse_period(value, &o->period, c);
	case OPT_SINCE: o->since = value; return UI_OK;
	case 'f': o->filter = value; return UI_OK;
	case 'o': o->columns = value; return UI_OK;
	case 'i': o->input = value; return UI_OK;
	case OPT_REPORT: o->report = value; return UI_OK;
	case OPT_KEEP: o->keep = value; return UI_OK;
	case OPT_AT: o->at = value; return UI_OK;
	case OPT_MARKS: o->marks = value; return UI_OK;
	case OPT_METRICS: o->metrics = value; return UI_OK;
	case OPT_FAULTS: o->faults = true; return UI_OK;
	case OPT_ASSERT: add_assert(value, o); return UI_OK;
	case OPT_ASSERTIONS: o->assertions = value; return UI_OK;
	case OPT_JUNIT: o->junit = value; return UI_OK;
	case OPT_BASELINE: o->baseline = value; return UI_OK;
	case OPT_FROM: o->from = value; return UI_OK;
	case OPT_TO: o->to = value; return UI_OK;
	case OPT_SYNC:
		if (!ui_parse_decimal(value, 1, SYNC_MAX, &number) || number != (double)(unsigned)number)
			return usage(c, "'%s' is no number of frames: --sync takes 1 to %d", value, SYNC_MAX);
		o->sync_frames = (unsigned)number;
		return UI_OK;
	default: return parse_seconds(value, "--for", &o->for_ns, c);
	}
}

static int take_option(int option, const char *value, const char *word, struct ui_options *o, struct complaint *c)
{
	switch (option) {
	case 'J': o->json = true; return UI_OK;
	case 'n': o->no_headings = true; return UI_OK;
	case 'r': o->raw = true; return UI_OK;
	case 'b': o->bytes = true; return UI_OK;
	case 'h': o->help = true; return UI_OK;
	case 'V': o->version = true; return UI_OK;
	case OPT_ASCII: o->ascii = true; return UI_OK;
	case OPT_LIVE: o->live = true; return UI_OK;
	case OPT_WAIT_ALL: o->wait_all = true; return UI_OK;
	case OPT_DEMO: o->demo = true; return UI_OK;
	case OPT_ALLOCATIONS: o->allocations = true; return UI_OK;
	case OPT_OBJECTS: o->objects = true; return UI_OK;
	case OPT_CHECK: o->check = true; return UI_OK;
	case OPT_SNAPSHOTS: o->snapshots = true; return UI_OK;
	case OPT_ALL: o->all = true; return UI_OK;
	case OPT_SWAPPED: o->swapped = true; return UI_OK;
	case OPT_FORCE: o->force = true; return UI_OK;
	case OPT_MERGE: o->merge = true; return UI_OK;
	case OPT_CLEAR: o->clear_soft_dirty = true; return UI_OK;
	case OPT_CONTENT: o->content = true; return UI_OK;
	case OPT_ANONYMIZE: o->anonymize = true; return UI_OK;
	case OPT_STRICT: o->strict = true; return UI_OK;
	case OPT_BASELINE_UPDATE: o->baseline_update = true; return UI_OK;
	case ':': return usage(c, "%s needs a value: see pagetop --help", word);
	case '?': return usage(c, "unknown option %s: pagetop --help lists them", word);
	default: return take_value(option, value, o, c);
	}
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static const char *nearest_command(const char *word)
{
	struct pt_near near = {.word = word, .size = strlen(word)};
	for (const struct ui_command *command = ui_commands; command->name; command++)
		pt_near_try(&near, command->name);
	return near.best;
}

static int find_command(const char *word, const struct ui_command **ret, struct complaint *c)
{
	const char *near;
	pid_t pid;

	for (const struct ui_command *command = ui_commands; command->name; command++) {
		if (strcmp(word, command->name) == 0) {
			*ret = command;
			return UI_OK;
		}
	}
	for (const char *const *later = ui_commands_later; *later; later++)
		if (strcmp(word, *later) == 0)
			return usage(c, "%s: not in this version", word);
	if (ui_parse_pid(word, &pid))
		return usage(c, "no command '%s': a process is given with -p %s", word, word);
	near = nearest_command(word);
	if (near)
		return usage(c, "no command '%s': did you mean %s?", word, near);
	return usage(c, "no command '%s': pagetop --help lists them", word);
}

static bool is_named(const struct ui_command *command, const char *name)
{
	return command && strcmp(command->name, name) == 0;
}

/* Options of one command alone would do nothing elsewhere, which is not what was meant. */
static int check_own(const struct ui_options *o, struct complaint *c)
{
	const struct ui_command *command = o->command;
	bool dump = o->since || o->all || o->merge, reads = o->stop != PT_STOP_NONE || o->swapped;

	if (dump && !is_named(command, "dump"))
		return usage(c, "--since, --all and --merge are of pagetop dump");
	if (reads && !is_named(command, "dump") && !is_named(command, "leaks"))
		return usage(c, "--stop and --swapped are of pagetop dump and pagetop leaks");
	if (o->clear_soft_dirty && command && !is_named(command, "dump") && !is_named(command, "record"))
		return usage(c, "--clear-soft-dirty is of the live screen, pagetop record and pagetop dump");
	if (o->content && !is_named(command, "diff"))
		return usage(c, "--content is of pagetop diff");
	if ((o->from || o->to) && !is_named(command, "diff") &&
	    !((is_named(command, "faults") || is_named(command, "leaks")) && o->input))
		return usage(c, "--from and --to are of pagetop diff, pagetop faults -i and pagetop leaks -i");
	if (o->content && (o->from || o->to))
		return usage(c, "--content compares dumps, which have one moment each: no --from, no --to");
	if (o->for_ns && !is_named(command, "record") && !is_named(command, "faults") && !is_named(command, "leaks"))
		return usage(c, "--for is of pagetop record, pagetop faults and pagetop leaks");
	if ((o->metrics || o->faults) && !is_named(command, "record"))
		return usage(c, "--metrics and --faults are of pagetop record");
	if (o->marks && !is_named(command, "record") && !(is_named(command, "leaks") && o->snapshots))
		return usage(c, "--marks is of pagetop record and pagetop leaks --snapshots");
	if ((o->sync_frames || o->anonymize) && !is_named(command, "record") && !is_named(command, "run"))
		return usage(c, "--sync and --anonymize are of pagetop record and pagetop run");
	if (o->force && !is_named(command, "dump") && !is_named(command, "record") && !is_named(command, "run"))
		return usage(c, "--force is of pagetop dump, pagetop record and pagetop run");
	return UI_OK;
}

/* What is judged. */
static int check_judged(const struct ui_options *o, struct complaint *c)
{
	bool judges = is_named(o->command, "run") || is_named(o->command, "check");

	if ((o->asserts[0] || o->assertions || o->junit || o->strict) && !judges)
		return usage(c, "--assert, --assertions, --junit and --strict are of pagetop run and pagetop check");
	if ((o->baseline || o->baseline_update) && !judges)
		return usage(c, "--baseline and --baseline-update are of pagetop run and pagetop check");
	if (o->baseline_update && !o->baseline)
		return usage(c, "--baseline-update needs to know of which file: --baseline FILE");
	return UI_OK;
}

/* What goes with a command that is started, and nothing else. */
static int check_run(const struct ui_options *o, struct complaint *c)
{
	bool run = is_named(o->command, "run");

	if ((o->live || o->wait_all) && !run)
		return usage(c, "--live and --wait-all are of pagetop run");
	if (o->report && !run && !is_named(o->command, "faults"))
		return usage(c, "--report is of pagetop run and pagetop faults");
	if (o->keep && !o->live)
		return usage(c, "--keep is of pagetop run --live: else what the command prints is where it belongs");
	if (run && (o->pid || o->demo))
		return usage(c, "run starts what it looks at: no -p and no --demo");
	if (run && !o->columns && (o->force || o->sync_frames || o->anonymize))
		return usage(c, "--force, --sync and --anonymize are of a recording: pagetop run -o FILE");
	return UI_OK;
}

/* What is told of faults: of a process, or of a command that is started. */
static int check_faults(struct ui_options *o, struct complaint *c)
{
	const char *first = o->rest[0];
	pid_t pid;

	if (!is_named(o->command, "faults"))
		return o->folded || o->allocations ? usage(c, "--folded and --allocations are of pagetop faults")
		       : o->table && !is_named(o->command, "leaks")
			       ? usage(c, "--by is of pagetop faults and pagetop leaks")
		       : (o->no_stacks || o->period) && !o->faults
			       ? usage(c, "--stacks and --period are of pagetop faults and pagetop record --faults")
			       : UI_OK;
	o->by = (enum ui_faults_by)find_table(o->table, tables_of_faults, UI_BY_N);
	if (o->table && !o->by)
		return usage(c,
			     "--by takes kind, vma, address, thread, cpu, stack, repeater, allocation or growth, "
			     "not '%s'",
			     o->table);
	if (o->input && (first || o->for_ns || o->period || o->allocations))
		return usage(c, "what was recorded is as it is: -i with no command, --for, --period and --allocations");
	if (o->input && o->by && o->by != UI_BY_KIND && o->by != UI_BY_VMA && o->by != UI_BY_STACK)
		return usage(c, "recorded are faults by kind, vma and stack, not by %s", ui_faults_by_name(o->by));
	if (!first && !o->pid && !o->demo && !o->input)
		return usage(c, "faults needs a process, or a command: -p PID, or -- COMMAND");
	if (first && (o->pid || o->demo))
		return usage(c, "-p and a command ('%s') exclude each other", first);
	if (first && ui_parse_pid(first, &pid))
		return usage(c, "'%s' is no command: a process is given with -p %s", first, first);
	if (first && o->for_ns)
		return usage(c, "--for is of a process that runs: a command is followed until it ends");
	if ((o->columns || o->raw || o->no_headings) && !o->by)
		return usage(c, "-o, -r and -n are of one table: --by kind, vma, address, thread, cpu, stack, repeater "
				"or allocation");
	if ((o->json + (o->by != UI_BY_NONE) + (o->folded != UI_FOLDED_NONE)) > 1)
		return usage(c, "-J, --by and --folded exclude each other");
	if (o->no_stacks && (o->folded || o->by == UI_BY_STACK))
		return usage(c, "stacks need --stacks=yes, which it is unless it is said");
	return UI_OK;
}

static bool is_tier(const char *word)
{
	bool found = false;
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++)
		found |= strcmp(word, pt_leak_tier_name((enum pt_leak_tier)tier)) == 0;
	return found;
}

/* What goes with another answer than the report, or needs a process that runs. */
static int check_leaks_answer(const struct ui_options *o, struct complaint *c)
{
	bool hunts = o->check || o->objects || o->sites_ns || o->passes || o->stop || o->swapped || o->tier;

	if (o->input && (hunts || o->why || o->snapshots || o->for_ns || o->table))
		return usage(c, "a recording has no contents: with -i there are --from, --to and --at alone");
	if (o->why && (hunts || o->snapshots || o->table))
		return usage(c, "--why asks about one object: -p and -J alone go with it");
	if ((o->columns || o->raw || o->no_headings) && !o->table)
		return usage(c, "-o, -r and -n are of one table: --by leaks, groups, objects, pages, sites or heap");
	if (o->json && o->table)
		return usage(c, "-J and --by exclude each other");
	if (o->every_ns && !o->snapshots)
		return usage(c, "--every is of pagetop leaks --snapshots");
	if (o->snapshots && (o->table || o->check))
		return usage(c, "--snapshots has an answer of its own: no --by and no --check");
	return UI_OK;
}

static int check_leaks(struct ui_options *o, struct complaint *c)
{
	if (!is_named(o->command, "leaks"))
		return o->why || o->objects || o->check || o->tier || o->passes || o->sites_ns || o->snapshots ||
				       o->every_ns
			       ? usage(c,
				       "--why, --objects, --check, --tier, --passes, --sites, --snapshots and --every "
				       "are of pagetop leaks")
			       : UI_OK;
	o->leaks_by = (enum ui_leaks_by)find_table(o->table, tables_of_leaks, UI_LEAKS_BY_N);
	if (o->table && !o->leaks_by)
		return usage(c, "--by takes leaks, groups, objects, pages, sites or heap, not '%s'", o->table);
	if (o->tier && !is_tier(o->tier))
		return usage(c, "--tier takes leaked, weak or hidden, not '%s'", o->tier);
	if (o->stop == PT_STOP_REGISTERS)
		return usage(c, "leaks stops each thread for its registers as it is: --stop alone stops all of it");
	if (o->objects && !o->json)
		return usage(c, "--objects is of -J: --by objects lists them");
	return check_leaks_answer(o, c);
}

/* A recording instead of a process, where that makes sense. */
static int check_recording(struct ui_options *o, struct complaint *c)
{
	const struct ui_command *command = o->command;

	if (is_named(command, "replay") && !o->input) { /* pagetop replay FILE is pagetop -i FILE */
		if (o->rest[1])
			return usage(c, "replay takes one recording: '%s'", o->rest[1]);
		o->input = o->rest[0];
	}
	if (o->at && !o->input)
		return usage(c, "--at is a moment of a recording: pagetop -i RECORDING --at %s", o->at);
	if (o->input && o->demo)
		return usage(c, "-i %s is instead of a process: not together with --demo", o->input);
	if (o->input && command && !command->takes_recording)
		return usage(c, "%s needs a process that lives: it takes no -i", command->name);
	return UI_OK;
}

/* What must come together, or must not. */
static int check(struct ui_options *o, struct complaint *c)
{
	const struct ui_command *command = o->command;

	if (o->help || o->version)
		return UI_OK;
	if (!command && (o->json || o->raw || o->no_headings || o->bytes || o->columns))
		return usage(c, "-J, -r, -n, -b and -o need a command, as in pagetop vmas -p PID -J");
	if (o->json && o->raw)
		return usage(c, "-J and -r exclude each other");
	if (check_own(o, c) != UI_OK || check_judged(o, c) != UI_OK || check_run(o, c) != UI_OK ||
	    check_faults(o, c) != UI_OK || check_leaks(o, c) != UI_OK || check_recording(o, c) != UI_OK)
		return UI_USAGE;
	if (!command)
		return UI_OK;
	if (!command->operands && o->rest[0])
		return usage(c, "%s takes no operand: '%s'", command->name, o->rest[0]);
	if (command->operands && command->operands[0] != '[' && !o->rest[0])
		return usage(c, "%s needs %s: see pagetop %s --help", command->name, command->operands, command->name);
	if (command->needs_process && o->pid == 0 && !o->demo && !o->merge && !o->input)
		return usage(c, "%s needs a process: pagetop %s -p PID%s%s", command->name, command->name,
			     command->operands ? " " : "", command->operands ? command->operands : "");
	return UI_OK;
}

/* What was not given. */
static void set_defaults(struct ui_options *o)
{
	bool run = is_named(o->command, "run");

	if (!o->interval_ns)
		o->interval_ns = run ? RUN_INTERVAL : INTERVAL;
	if (o->budget <= 0)
		o->budget = run && !o->live ? RUN_BUDGET : BUDGET;
}

/* ---- all of it ------------------------------------------------------------------------------------------------- */

static bool takes_a_command(const struct ui_options *o)
{
	return is_named(o->command, "run") || is_named(o->command, "faults");
}

/* Options and operands in the order they come; o->rest has room for all of argv. */
static int parse_words(int argc, char **argv, struct ui_options *o, struct complaint *c)
{
	int option, r = UI_OK, operands = 0;

	opterr = 0;
	optind = 0; /* glibc: start over, also with the next line in the same process */
	while (r == UI_OK && !(operands && takes_a_command(o)) && /* what follows are the command's own */
	       (option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		char letter[3] = {'-', (char)optopt, '\0'};
		/* optopt is the letter of a short option, also of a long one that has both: then the word tells */
		bool is_long = optopt == 0 || optopt >= 256 ||
			       (strchr(short_options, optopt) && strncmp(argv[optind - 1], "--", 2) == 0);

		if (option != 1)
			r = take_option(option, optarg, is_long ? argv[optind - 1] : letter, o, c);
		else if (!o->command)
			r = find_command(optarg, &o->command, c);
		else
			o->rest[operands++] = optarg;
	}
	if (r == UI_OK && !o->command && optind < argc) { /* pagetop -- COMMAND is pagetop run --live -- COMMAND */
		o->live = true;
		r = find_command("run", &o->command, c);
	}
	while (r == UI_OK && optind < argc)
		o->rest[operands++] = argv[optind++];
	return r;
}

int ui_options_parse(int argc, char **argv, struct ui_options *ret, char *message, size_t size)
{
	struct complaint c = {message, size};
	const char *no_color = getenv("NO_COLOR");
	struct ui_options o = {
		.threads = 1,
		.history_bytes = PT_HISTORY_BYTES,
		.colours = no_color && *no_color ? UI_COLOURS_MONO : UI_COLOURS_AUTO,
	};
	int r;

	o.rest = calloc((size_t)argc + 1, sizeof(*o.rest));
	o.asserts = calloc((size_t)argc + 1, sizeof(*o.asserts));
	if (!o.rest || !o.asserts) {
		ui_options_free(&o);
		return usage(&c, "out of memory");
	}
	r = parse_words(argc, argv, &o, &c);
	if (r == UI_OK)
		r = check(&o, &c);
	set_defaults(&o);
	if (r == UI_OK)
		*ret = o;
	else
		ui_options_free(&o);
	return r;
}

void ui_options_free(struct ui_options *options)
{
	free(options->rest);
	free(options->asserts);
	options->rest = NULL;
	options->asserts = NULL;
}
