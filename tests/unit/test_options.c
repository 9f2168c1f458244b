/*
 * The command line: what the program takes, and what it says of mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/commands/commands.h"

static char message[512];

/* Parses words separated by single blanks; "_" within a word stands for a blank. */
static int parse(const char *line, struct ui_options *ret)
{
	static char text[512], name[] = "pagetop";
	static char *argv[64];
	int argc = 1;

	ui_options_free(ret);
	snprintf(text, sizeof(text), "%s", line);
	argv[0] = name;
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		for (char *c = word; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	message[0] = '\0';
	return ui_options_parse(argc, argv, ret, message, sizeof(message));
}

static void nothing_is_the_live_screen(void **state)
{
	(void)state;
	struct ui_options o = {0};

	unsetenv("NO_COLOR");
	assert_int_equal(parse("", &o), UI_OK);
	assert_null(o.command);
	assert_int_equal(o.pid, 0);
	assert_int_equal(o.interval_ns, 1000000000);
	assert_true(o.budget == 5);
	assert_int_equal(o.threads, 1);
	assert_int_equal(o.history_bytes, 64 << 20);
	assert_int_equal(o.colours, UI_COLOURS_AUTO);
	assert_null(o.rest[0]);
	assert_false(o.demo || o.json || o.raw || o.bytes || o.no_headings || o.ascii || o.help || o.version);
	ui_options_free(&o);
}

static void every_option_is_taken(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(
		parse("vmas -p 123 -d 0.25 --budget 12.5 --threads 2 -f heap -o +PSS -Jnb --ascii --color=256", &o),
		UI_OK);
	assert_string_equal(o.command->name, "vmas");
	assert_int_equal(o.pid, 123);
	assert_int_equal(o.interval_ns, 250000000);
	assert_true(o.budget == 12.5);
	assert_int_equal(o.threads, 2);
	assert_string_equal(o.filter, "heap");
	assert_string_equal(o.columns, "+PSS");
	assert_true(o.json && o.no_headings && o.bytes && o.ascii);
	assert_int_equal(o.colours, UI_COLOURS_256);
	assert_int_equal(parse("--pid=7 --interval=2 --filter=x --demo", &o), UI_OK);
	assert_int_equal(o.pid, 7);
	assert_true(o.demo);
	assert_int_equal(parse("--history 16777215T", &o), UI_OK);
	assert_int_equal(o.history_bytes, 16777215ull << 40);
	assert_int_equal(parse("--history=512K", &o), UI_OK);
	assert_int_equal(o.history_bytes, 512 << 10);
	assert_int_equal(parse("--history 0", &o), UI_OK);
	assert_int_equal(o.history_bytes, 0);
	assert_int_equal(parse("-Vh", &o), UI_OK);
	assert_true(o.help && o.version);
	assert_int_equal(parse("record -p 5 -o x.ptr --for 2.5 --sync 10 --anonymize --force", &o), UI_OK);
	assert_string_equal(o.columns, "x.ptr");
	assert_int_equal(o.for_ns, 2500000000);
	assert_int_equal(o.sync_frames, 10);
	assert_true(o.anonymize && o.force);
	assert_int_equal(parse("page -i x.ptr --at +12.5 7f00", &o), UI_OK);
	assert_string_equal(o.input, "x.ptr");
	assert_string_equal(o.at, "+12.5");
	assert_int_equal(parse("replay x.ptr --at start", &o), UI_OK);
	assert_string_equal(o.input, "x.ptr");
	assert_int_equal(parse("-i y.ptr", &o), UI_OK);
	assert_string_equal(o.input, "y.ptr");
	assert_null(o.command);
	assert_int_equal(o.pid, 0);
	ui_options_free(&o);
}

static void options_of_dump_and_diff(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(parse("dump -p 5 -o core", &o), UI_OK);
	assert_string_equal(o.columns, "core");
	assert_int_equal(o.stop, PT_STOP_NONE);
	assert_false(o.all || o.swapped || o.force || o.merge);
	assert_null(o.since);
	assert_int_equal(parse("dump -p 5 -o core --stop --since base --all --swapped --force", &o), UI_OK);
	assert_int_equal(o.stop, PT_STOP_ALL);
	assert_string_equal(o.since, "base");
	assert_true(o.all && o.swapped && o.force);
	assert_int_equal(parse("dump -p 5 -o core --stop=registers", &o), UI_OK);
	assert_int_equal(o.stop, PT_STOP_REGISTERS);
	assert_int_equal(parse("dump -p 5 -o core --stop=all", &o), UI_OK);
	assert_int_equal(o.stop, PT_STOP_ALL);
	assert_int_equal(parse("dump --merge a b -o c", &o), UI_OK); /* no process */
	assert_string_equal(o.rest[1], "b");
	assert_int_equal(parse("diff --content a b", &o), UI_OK);
	assert_true(o.content);
	ui_options_free(&o);
}

/* Letters may mean something else to a command, from its name on. */
static void options_of_types_and_pages(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(parse("types -p 5 -b lru -b ~anon -a 1+2 -c @7 -F flags -rJ", &o), UI_OK);
	assert_string_equal(o.specs[0], "lru");
	assert_string_equal(o.specs[1], "~anon");
	assert_null(o.specs[2]);
	assert_string_equal(o.ranges[0], "1+2");
	assert_string_equal(o.cgroup, "@7");
	assert_string_equal(o.kpageflags, "flags");
	assert_true(o.raw && o.json && !o.bytes);
	assert_int_equal(parse("-b types --bits x", &o), UI_OK); /* the one of every command, before its name */
	assert_true(o.bytes);
	assert_string_equal(o.specs[0], "x");
	assert_int_equal(parse("types --mark-idle --yes --for 2.5", &o), UI_OK);
	assert_true(o.mark_idle && o.yes && !o.idle);
	assert_int_equal(o.for_ns, 2500000000);
	assert_int_equal(parse("pages -p 5 -a 1000-2000 --where anon,~shared --each -b", &o), UI_OK);
	assert_string_equal(o.specs[0], "anon,~shared");
	assert_true(o.each && o.bytes);
	ui_options_free(&o);
}

static void what_is_run_keeps_its_own_options(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(parse("run -J --wait-all --report x -- ls -l -- --live", &o), UI_OK);
	assert_string_equal(o.command->name, "run");
	assert_true(o.json && o.wait_all && !o.live);
	assert_string_equal(o.report, "x");
	assert_string_equal(o.rest[0], "ls");
	assert_string_equal(o.rest[1], "-l");
	assert_string_equal(o.rest[2], "--");
	assert_string_equal(o.rest[3], "--live");
	assert_null(o.rest[4]);
	assert_int_equal(o.interval_ns, 100000000);
	assert_true(o.budget == 2);
	assert_int_equal(parse("run -d 2 --budget 7 ls -J --nope", &o), UI_OK); /* also without -- */
	assert_string_equal(o.rest[2], "--nope");
	assert_true(!o.json && o.interval_ns == 2000000000 && o.budget == 7);
	assert_int_equal(parse("-- ls -l", &o), UI_OK);
	assert_string_equal(o.command->name, "run");
	assert_true(o.live);
	assert_string_equal(o.rest[1], "-l");
	ui_options_free(&o);
}

static void options_of_faults(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(parse("faults -p 5 --for 1.5 --by repeater -o +ago --period 64 --stacks=no -r", &o), UI_OK);
	assert_int_equal(o.pid, 5);
	assert_int_equal(o.for_ns, 1500000000);
	assert_int_equal(o.by, UI_BY_REPEATER);
	assert_int_equal(o.period, 64);
	assert_true(o.no_stacks);
	assert_string_equal(o.columns, "+ago");
	assert_int_equal(parse("faults -p 5 --folded", &o), UI_OK);
	assert_int_equal(o.folded, UI_FOLDED_FAULTS);
	assert_false(o.no_stacks);
	assert_int_equal(parse("faults --demo --folded=bytes --stacks=yes", &o), UI_OK);
	assert_int_equal(o.folded, UI_FOLDED_BYTES);
	assert_int_equal(parse("faults --folded=born -- ls --by -J", &o), UI_OK); /* these are of ls */
	assert_int_equal(o.folded, UI_FOLDED_BORN);
	assert_false(o.json);
	assert_string_equal(o.rest[0], "ls");
	assert_string_equal(o.rest[2], "-J");
	assert_int_equal(parse("faults ls --for", &o), UI_OK); /* also without -- */
	assert_string_equal(o.rest[1], "--for");
	assert_int_equal(parse("faults -i x.ptr -p 7 --from +1 --to warm", &o), UI_OK);
	assert_string_equal(o.from, "+1");
	for (int by = UI_BY_NONE + 1; by < UI_BY_N; by++) {
		char line[64];
		snprintf(line, sizeof(line), "faults -p 1 --by %s", ui_faults_by_name((enum ui_faults_by)by));
		assert_int_equal(parse(line, &o), UI_OK);
		assert_int_equal(o.by, by);
	}
	ui_options_free(&o);
}

static void options_of_leaks(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(parse("leaks -p 5 -J --objects --passes 3 --sites --stop --swapped --tier weak --check", &o),
			 UI_OK);
	assert_true(o.objects && o.check && o.swapped);
	assert_int_equal(o.passes, 3);
	assert_int_equal(o.sites_ns, 10000000000);
	assert_int_equal(o.stop, PT_STOP_ALL);
	assert_string_equal(o.tier, "weak");
	assert_int_equal(parse("leaks -p 5 --why 0x7fFF10 -J", &o), UI_OK);
	assert_int_equal(o.why_address, 0x7fff10);
	assert_int_equal(o.sites_ns, 0);
	assert_int_equal(parse("leaks -p 5 --snapshots --every 0.5 --sites=2.5", &o), UI_OK);
	assert_true(o.snapshots);
	assert_int_equal(o.every_ns, 500000000);
	assert_int_equal(o.sites_ns, 2500000000);
	assert_int_equal(parse("leaks -p 5 --snapshots --marks x", &o), UI_OK);
	assert_int_equal(parse("leaks -i x.ptr --from a --to b --at +9", &o), UI_OK);
	for (int by = UI_LEAKS_BY_NONE + 1; by < UI_LEAKS_BY_N; by++) {
		char line[64];
		snprintf(line, sizeof(line), "leaks -p 1 -r --by %s", ui_leaks_by_name((enum ui_leaks_by)by));
		assert_int_equal(parse(line, &o), UI_OK);
		assert_int_equal(o.leaks_by, by);
		assert_int_equal(o.by, UI_BY_NONE);
	}
	ui_options_free(&o);
}

static void options_of_one_name_are_written_alike(void **state)
{
	(void)state;
	const struct ui_option *all[UI_OPTIONS_MOST];
	size_t n = ui_options_all(all), same = 0;

	for (size_t i = 0; ui_commands[i]; i++)
		for (const struct ui_option *o = ui_commands[i]->options; o && o->name; o++)
			for (size_t j = 0; j < n; j++)
				if (strcmp(all[j]->name, o->name) == 0) {
					assert_int_equal(all[j]->takes, o->takes);
					assert_int_equal(all[j]->letter, o->letter);
					same++;
				}
	assert_true(same > n / 2);
}

static void operands_may_stand_anywhere(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(parse("-p 5 page 7f00 -J 0x1000 -- -1000", &o), UI_OK);
	assert_string_equal(o.command->name, "page");
	assert_int_equal(o.pid, 5);
	assert_true(o.json);
	assert_string_equal(o.rest[0], "7f00");
	assert_string_equal(o.rest[1], "0x1000");
	assert_string_equal(o.rest[2], "-1000");
	assert_null(o.rest[3]);
	ui_options_free(&o);
}

static void colours(void **state)
{
	(void)state;
	struct ui_options o = {0};
	static const struct {
		const char *line;
		enum ui_colours plain, no_color;
	} cases[] = {
		{"", UI_COLOURS_AUTO, UI_COLOURS_MONO},
		{"--color auto", UI_COLOURS_AUTO, UI_COLOURS_MONO},
		{"--color always", UI_COLOURS_AUTO, UI_COLOURS_AUTO},
		{"--color never", UI_COLOURS_MONO, UI_COLOURS_MONO},
		{"--color 8", UI_COLOURS_8, UI_COLOURS_8},
		{"--color=16", UI_COLOURS_16, UI_COLOURS_16},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsetenv("NO_COLOR");
		assert_int_equal(parse(cases[i].line, &o), UI_OK);
		assert_int_equal(o.colours, cases[i].plain);
		setenv("NO_COLOR", "", 1); /* empty counts as not set */
		assert_int_equal(parse(cases[i].line, &o), UI_OK);
		assert_int_equal(o.colours, cases[i].plain);
		setenv("NO_COLOR", "1", 1);
		assert_int_equal(parse(cases[i].line, &o), UI_OK);
		assert_int_equal(o.colours, cases[i].no_color);
	}
	unsetenv("NO_COLOR");
	ui_options_free(&o);
}

/* ---- what is wrong, in one line --------------------------------------------------------------------------------- */

static const struct {
	const char *line, *said;
} mistakes[] = {
	{"-p 0", "'0' is no process id"},
	{"-p -1", "'-1' is no process id"},
	{"-p 12x", "'12x' is no process id"},
	{"-p 0x10", "'0x10' is no process id"},
	{"-p _12", "' 12' is no process id"},
	{"-p 12_", "'12 ' is no process id"},
	{"-p +12", "'+12' is no process id"},
	{"-p 012", "'012' is no process id"},
	{"-p 4194305", "'4194305' is no process id"},
	{"-p 99999999999999999999", "is no process id"},
	{"--pid=", "'' is no process id"},
	{"-d 0", "'0' is no interval"},
	{"-d -1", "'-1' is no interval"},
	{"-d 1e3", "'1e3' is no interval"},
	{"-d inf", "'inf' is no interval"},
	{"-d nan", "'nan' is no interval"},
	{"-d .", "'.' is no interval"},
	{"-d 1.2.3", "'1.2.3' is no interval"},
	{"-d 1,5", "'1,5' is no interval"},
	{"-d 99999999999999999999999", "is no interval"},
	{"--budget 0", "'0' is no budget"},
	{"--budget 101", "'101' is no budget"},
	{"--threads 0", "'0' is no number of threads"},
	{"--threads 9", "'9' is no number of threads"},
	{"--threads 1.5", "'1.5' is no number of threads"},
	{"--history 1X", "'1X' is no size"},
	{"--history M", "'M' is no size"},
	{"--history=", "'' is no size"},
	{"--history 1MB", "'1MB' is no size"},
	{"--history -1", "'-1' is no size"},
	{"--history 16777216T", "is no size"},
	{"--history 99999999999999999999", "is no size"},
	{"--color=pink", "--color takes auto"},
	{"replay", "replay needs RECORDING"},
	{"replay a.ptr b.ptr", "replay takes one recording: 'b.ptr'"},
	{"vmas -i x.ptr --demo", "-i x.ptr is instead of a process"},
	{"doctor -i x.ptr", "doctor needs a process that lives"},
	{"record -i x.ptr -o y.ptr", "record needs a process that lives"},
	{"vmas -p 5 --at +3", "--at is a moment of a recording"},
	{"record -p 5 --for 0", "'0' is no time"},
	{"record -p 5 --sync 0", "'0' is no number of frames"},
	{"record -p 5 --sync 1.5", "'1.5' is no number of frames"},
	{"vmas -p 5 --for 3", "is of pagetop record,"},
	{"vmas -p 5 --anonymize", "--anonymize is of pagetop run and pagetop record"},
	{"vmas -p 5 --force", "--force is of pagetop dump, pagetop run and pagetop record"},
	{"record", "record needs a process: pagetop record -p PID"},
	{"-p", "-p needs a value"},
	{"--pid", "--pid needs a value"},
	{"-x", "unknown option -x"},
	{"--json -xJ", "unknown option -x"},
	{"--nope", "unknown option --nope"},
	{"--json=3", "unknown option --json=3"},
	{"vmsa -p 1", "did you mean vmas?"},
	{"pgae", "did you mean page?"},
	{"docter", "did you mean doctor?"},
	{"xyzzy", "no command 'xyzzy': pagetop --help lists them"},
	{"averyveryveryverylongwordthatisnocommandatall", "no command"},
	{"-", "no command '-'"},
	{"1234", "a process is given with -p 1234"},
	{"file", "file needs PATH..."},
	{"run", "run needs COMMAND..."},
	{"run --live --", "run needs COMMAND..."},
	{"run -p 1 true", "run starts what it looks at"},
	{"run --keep x true", "--keep is of pagetop run --live"},
	{"run --force true", "are of a recording: pagetop run -o FILE"},
	{"vmas -p 1 --report x", "is of pagetop run and"},
	{"vmas", "vmas needs a process: pagetop vmas -p PID"},
	{"page 1000", "page needs a process: pagetop page -p PID ADDR..."},
	{"page -p 1", "page needs ADDR..."},
	{"vmas -p 1 extra", "vmas takes no operand: 'extra'"},
	{"vmas -p 1 -J -r", "-J and -r exclude each other"},
	{"vmas -p 1 -c x", "unknown option -c"}, /* a letter of another command's */
	{"vmas -p 1 --bits x", "--bits is of pagetop types"},
	{"types -b", "-b needs a value"},
	{"types --filter x", "no names to filter"},
	{"types -p 1 -f x", "exclude each other"},
	{"types --yes", "--yes goes with --mark-idle"},
	{"types --idle --for 1", "--for goes with --mark-idle"},
	{"types --mark-idle -F x", "--mark-idle is about the kernel's frames"},
	{"pages -p 1 -f x", "exclude each other"},
	{"pages --filter x", "no names to filter"},
	{"pages -p 1 -c x", "--cgroup is about the machine's frames"},
	{"-J -p 1", "need a command"},
	{"dump -o x", "dump needs a process"},
	{"dump -p 1 --stop=never", "--stop takes all (which it means without a value) or registers, not 'never'"},
	{"dump -p 1 --since", "--since needs a value"},
	{"diff --content", "diff needs FILE..."},
	{"vmas -p 1 --stop", "--stop is of pagetop dump and pagetop leaks"},
	{"--since x", "--since is of pagetop dump"},
	{"vmas -p 1 --content", "is of pagetop diff"},
	{"vmas -p 1 --from +1", "is of pagetop diff"},
	{"vmas -p 1 --assert x", "is of pagetop run and pagetop check"},
	{"record -p 1 --strict", "is of pagetop run and pagetop check"},
	{"vmas -p 1 --junit", "--junit needs a value"},
	{"vmas -p 1 --baseline x", "is of pagetop run and pagetop check"},
	{"diff a b --content --to +1", "no --from, no --to"},
	{"-o RSS", "need a command"},
	{"faults", "-p PID, or -- COMMAND"},
	{"faults -p 1 ls", "exclude each other"},
	{"faults 12", "-p 12"},
	{"faults --for 1 -- ls", "until it ends"},
	{"faults -p 1 --by size", "--by takes"},
	{"faults -p 1 --folded=x", "--folded takes"},
	{"faults -p 1 --stacks maybe", "--stacks takes"},
	{"faults -p 1 --period 0", "no period"},
	{"faults -p 1 --period 1.5", "no period"},
	{"faults -p 1 -o end", "of one table"},
	{"faults -p 1 -r", "of one table"},
	{"faults -p 1 -J --by vma", "exclude each other"},
	{"faults -p 1 --by vma --folded", "exclude each other"},
	{"faults -p 1 --stacks=no --folded", "--stacks=yes"},
	{"faults -i x --for 1", "what was recorded is as it is"},
	{"faults -i x --by thread", "not by thread"},
	{"faults -i x -- ls", "what was recorded is as it is"},
	{"faults -p 1 --from +1", "pagetop faults -i"},
	{"verify -p 1 --by vma", "of pagetop vmas, pagetop faults"},
	{"vmas -p 1 --by kind", "sharer or node"},
	{"vmas -i x --by sharer", "is for a live one"},
	{"vmas -p 1 --by node -o START -J", "without -o"},
	{"vmas -p 1 --allocations", "of pagetop faults"},
	{"vmas -p 1 --faults", "of pagetop record"},
	{"faults -p 1 --faults", "of pagetop record"},
	{"record -p 1 --period 1", "pagetop record --faults"},
	{"record -p 1 --stacks=no", "pagetop record --faults"},
	{"record -p 1 --faults --by stack", "of pagetop vmas, pagetop faults"},
	{"vmas -p 1 --for 1",
	 "of pagetop record, pagetop faults, pagetop leaks, pagetop types, pagetop system and pagetop family"},
	{"leaks", "leaks needs a process"},
	{"leaks -p 1 --by kind", "--by takes leaks"},
	{"leaks -p 1 --by", "--by needs a value"},
	{"faults -p 1 --by leaks", "--by takes kind"},
	{"leaks -p 1 --tier lost", "--tier takes leaked, weak or hidden"},
	{"leaks -p 1 --why zebra", "no address"},
	{"leaks -p 1 --passes 0", "no number of passes"},
	{"leaks -p 1 --sites=x", "--sites takes seconds"},
	{"leaks -p 1 --stop=registers", "--stop alone"},
	{"leaks -p 1 --objects", "of -J"},
	{"leaks -p 1 -J --by leaks", "exclude each other"},
	{"leaks -p 1 -r", "of one table"},
	{"leaks -p 1 -o root", "of one table"},
	{"leaks -p 1 --why 12 --stop", "-p and -J alone"},
	{"leaks -p 1 --every 1", "--snapshots"},
	{"leaks -p 1 --marks x", "--snapshots"},
	{"leaks -p 1 --snapshots --check", "an answer of its own"},
	{"leaks -p 1 --from a", "pagetop leaks -i"},
	{"leaks -i x --stop", "has no contents"},
	{"leaks -i x --why 1", "has no contents"},
	{"vmas -p 1 --check", "is of pagetop leaks"},
	{"vmas -p 1 --snapshots", "is of pagetop leaks"},
	{"vmas -p 1 --clear-soft-dirty", "is of the live screen, pagetop dump and pagetop record"},
	{"vmas -p 1 --swapped", "of pagetop dump and pagetop leaks"},
};

static void mistakes_are_told(void **state)
{
	(void)state;
	struct ui_options o = {0};

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		if (parse(mistakes[i].line, &o) != UI_USAGE)
			fail_msg("'%s' was accepted", mistakes[i].line);
		if (!strstr(message, mistakes[i].said))
			fail_msg("'%s' says: %s", mistakes[i].line, message);
		assert_null(strchr(message, '\n'));
	}
	ui_options_free(&o);
}

static void help_needs_nothing_else(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(parse("page --help", &o), UI_OK);
	assert_int_equal(parse("vmas -h extra", &o), UI_OK);
	assert_int_equal(parse("-J --version", &o), UI_OK);
	assert_int_equal(parse("bogus --help", &o), UI_USAGE);
	ui_options_free(&o);
}

static void commands_without_a_need_run_without(void **state)
{
	(void)state;
	struct ui_options o = {0};

	assert_int_equal(parse("doctor", &o), UI_OK);
	assert_int_equal(parse("vmas --demo", &o), UI_OK);
	ui_options_free(&o);
}

static void failure_leaves_the_result_alone(void **state)
{
	(void)state;
	struct ui_options o = {.pid = 77};

	assert_int_equal(parse("-p 5 -x", &o), UI_USAGE);
	assert_int_equal(o.pid, 77);
	assert_null(o.rest);
}

static void no_words_at_all(void **state)
{
	(void)state;
	char *argv[] = {NULL};
	struct ui_options o = {0};

	assert_int_equal(ui_options_parse(0, argv, &o, message, sizeof(message)), UI_OK);
	assert_null(o.rest[0]);
	ui_options_free(&o);
}

static void decimals_are_exact(void **state)
{
	(void)state;
	double value = -1;

	assert_true(ui_parse_decimal("0.05", 0.05, 3600, &value));
	assert_true(value == 0.05);
	assert_true(ui_parse_decimal("3600", 0.05, 3600, &value));
	assert_true(ui_parse_decimal(".5", 0.05, 3600, &value));
	assert_true(ui_parse_decimal("5.", 0.05, 3600, &value));
	assert_true(value == 5);
	assert_false(ui_parse_decimal("3600.1", 0.05, 3600, &value));
	assert_false(ui_parse_decimal("", 0.05, 3600, &value));
	assert_true(value == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_the_live_screen),
		cmocka_unit_test(every_option_is_taken),
		cmocka_unit_test(options_of_dump_and_diff),
		cmocka_unit_test(options_of_types_and_pages),
		cmocka_unit_test(what_is_run_keeps_its_own_options),
		cmocka_unit_test(options_of_faults),
		cmocka_unit_test(options_of_leaks),
		cmocka_unit_test(options_of_one_name_are_written_alike),
		cmocka_unit_test(operands_may_stand_anywhere),
		cmocka_unit_test(colours),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(help_needs_nothing_else),
		cmocka_unit_test(commands_without_a_need_run_without),
		cmocka_unit_test(failure_leaves_the_result_alone),
		cmocka_unit_test(no_words_at_all),
		cmocka_unit_test(decimals_are_exact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
