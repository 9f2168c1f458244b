/*
 * The command line as struct ui_options: which options there are, those that every command takes, which command they are
 * for, and whether that takes them. Nothing is printed here: an error is one line in the caller's buffer, so tests read
 * it as people do. Values and operands point into argv.
 */
#include "tui/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/history.h"
#include "core/text/near.h"
#include "tui/commands/commands.h"

#define INTERVAL    1000000000u /* ns, of -d where it is not given, */
#define BUDGET      5           /* percent of a core, likewise; a command may have others */
#define THREADS_MAX 8
#define FIRST       256 /* of what getopt_long returns: the number of an option and this */

/* ---- options of every command ----------------------------------------------------------------------------------- */

static int take_pid(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	if (!ui_parse_pid(value, &o->pid))
		return ui_usage(c, "'%s' is no process id: -p takes a number from 1 to %d", value, UI_PID_MAX);
	return UI_OK;
}

static int take_interval(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	double seconds;
	if (!ui_parse_decimal(value, UI_INTERVAL_MIN, UI_INTERVAL_MAX, &seconds))
		return ui_usage(c, "'%s' is no interval: -d takes seconds from %g to %g", value, UI_INTERVAL_MIN,
				UI_INTERVAL_MAX);
	o->interval_ns = (uint64_t)(seconds * 1e9 + 0.5);
	return UI_OK;
}

static int take_budget(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	if (!ui_parse_decimal(value, UI_BUDGET_MIN, UI_BUDGET_MAX, &o->budget))
		return ui_usage(c, "'%s' is no budget: --budget takes percent of one core from %g to %g", value,
				UI_BUDGET_MIN, UI_BUDGET_MAX);
	return UI_OK;
}

static int take_threads(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	return ui_take_number(value, "threads", "threads", THREADS_MAX, &o->threads, c);
}

static int take_history(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	if (!ui_parse_size(value, &o->history_bytes))
		return ui_usage(c, "'%s' is no size: --history takes bytes, as 64M, or 0 for none", value);
	return UI_OK;
}

static int take_colours(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	static const struct {
		const char *name;
		enum ui_colours colours;
	} names[] = {{"never", UI_COLOURS_MONO},
		     {"always", UI_COLOURS_AUTO},
		     {"8", UI_COLOURS_8},
		     {"16", UI_COLOURS_16},
		     {"256", UI_COLOURS_256}};

	if (strcmp(value, "auto") == 0) /* what NO_COLOR and the terminal say, which is the default */
		return UI_OK;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i].name) == 0) {
			o->colours = names[i].colours;
			return UI_OK;
		}
	}
	return ui_usage(c, "--color takes auto, always, never, 8, 16 or 256, not '%s'", value);
}

static const struct ui_option common[] = {
	{"pid", 'p', UI_TAKES_VALUE, 0, take_pid},
	{"interval", 'd', UI_TAKES_VALUE, 0, take_interval},
	UI_TAKEN("budget", UI_TAKES_VALUE, take_budget),
	UI_TAKEN("threads", UI_TAKES_VALUE, take_threads),
	UI_TAKEN("history", UI_TAKES_VALUE, take_history),
	{"filter", 'f', UI_TAKES_VALUE, offsetof(struct ui_options, filter), NULL},
	{"output", 'o', UI_TAKES_VALUE, offsetof(struct ui_options, columns), NULL},
	{"input", 'i', UI_TAKES_VALUE, offsetof(struct ui_options, input), NULL},
	UI_TEXT("at", at),
	{"json", 'J', UI_TAKES_NONE, offsetof(struct ui_options, json), NULL},
	{"noheadings", 'n', UI_TAKES_NONE, offsetof(struct ui_options, no_headings), NULL},
	{"raw", 'r', UI_TAKES_NONE, offsetof(struct ui_options, raw), NULL},
	{"bytes", 'b', UI_TAKES_NONE, offsetof(struct ui_options, bytes), NULL},
	UI_FLAG("ascii", ascii),
	UI_TAKEN("color", UI_TAKES_VALUE, take_colours),
	UI_FLAG("demo", demo),
	{"version", 'V', UI_TAKES_NONE, offsetof(struct ui_options, version), NULL},
	{"help", 'h', UI_TAKES_NONE, offsetof(struct ui_options, help), NULL},
	{0},
};

/* Of the live screen, besides. */
static const struct ui_option of_screen[] = {UI_FLAG("clear-soft-dirty", clear_soft_dirty), {0}};

static const struct ui_option *find_in(const struct ui_option *table, const char *name)
{
	for (; table && table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static size_t add_new(const struct ui_option *table, const struct ui_option **all, size_t n)
{
	for (; table && table->name && n < UI_OPTIONS_MOST; table++) {
		size_t i = 0;
		while (i < n && strcmp(all[i]->name, table->name) != 0)
			i++;
		if (i == n)
			all[n++] = table;
	}
	return n;
}

size_t ui_options_all(const struct ui_option *ret[UI_OPTIONS_MOST])
{
	size_t n = add_new(of_screen, ret, add_new(common, ret, 0));
	for (size_t i = 0; ui_commands[i]; i++)
		n = add_new(ui_commands[i]->options, ret, n);
	return n;
}

/* ---- what was given --------------------------------------------------------------------------------------------- */

/* An option as it was given; what it means depends on the command, which may follow it. */
struct given {
	const struct ui_option *option;
	const char *value; /* NULL: none */
};

/* A command line while it is read. */
struct line {
	const struct ui_option *all[UI_OPTIONS_MOST];
	size_t n_all;
	struct option longs[UI_OPTIONS_MOST + 1]; /* the same for getopt_long, */
	char shorts[4 * UI_OPTIONS_MOST + 3];     /* and those with letters */
	struct given *given;
	size_t n_given;
	struct ui_options *o;
	struct ui_complaint *c;
};

/* The options of a table that have letters; of a letter that comes twice getopt takes the first. */
static char *add_letters(const struct ui_option *table, char *s)
{
	for (; table && table->name; table++) {
		if (table->letter)
			*s++ = table->letter;
		if (table->letter && table->takes != UI_TAKES_NONE)
			*s++ = ':';
	}
	*s = '\0';
	return s;
}

/* Letters: those of the command, once it is known, and the common ones. */
static void make_letters(struct line *l)
{
	/* "-": operands come in order, so that those behind -- can be told; ":": a missing argument is told from the rest */
	strcpy(l->shorts, "-:");
	add_letters(common, add_letters(l->o->command ? l->o->command->options : NULL, l->shorts + 2));
}

static void make_grammar(struct line *l)
{
	l->n_all = ui_options_all(l->all);
	for (size_t i = 0; i < l->n_all; i++) {
		const struct ui_option *option = l->all[i];
		int takes = option->takes == UI_TAKES_NONE    ? no_argument
			    : option->takes == UI_TAKES_VALUE ? required_argument
							      : optional_argument;
		l->longs[i] = (struct option){option->name, takes, NULL, FIRST + (int)i};
	}
	make_letters(l);
}

static const struct ui_option *find_letter(const struct ui_command *command, int letter)
{
	const struct ui_option *option = command ? command->options : NULL;
	while (option && option->name && option->letter != letter)
		option++;
	if (option && option->name)
		return option;
	for (option = common; option->letter != letter;)
		option++;
	return option;
}

static int take(const struct ui_option *option, const char *value, struct ui_options *o, struct ui_complaint *c)
{
	void *member = (char *)o + option->member;
	if (option->take)
		return option->take(value, o, c);
	if (option->takes == UI_TAKES_NONE)
		*(bool *)member = true;
	else
		*(const char **)member = value;
	return UI_OK;
}

/* "--for is of pagetop record, pagetop faults and pagetop leaks": elsewhere it would do nothing, which was not meant. */
static int complain_of_other(const char *name, struct ui_complaint *c)
{
	const char *who[64];
	size_t n = 0, at;
	char text[512];

	if (find_in(of_screen, name))
		who[n++] = NULL;
	for (size_t i = 0; ui_commands[i] && n < sizeof(who) / sizeof(who[0]); i++)
		if (find_in(ui_commands[i]->options, name))
			who[n++] = ui_commands[i]->name;
	at = (size_t)snprintf(text, sizeof(text), "--%s is of", name);
	for (size_t i = 0; i < n && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %s%s",
				       i == 0       ? ""
				       : i + 1 == n ? " and"
						    : ",",
				       who[i] ? "pagetop " : "the live screen", who[i] ? who[i] : "");
	return ui_usage(c, "%s", text);
}

/* The common ones first: with --help nothing else matters. */
static int take_all(const struct line *l)
{
	const struct ui_option *own = l->o->command ? l->o->command->options : of_screen;
	int r = UI_OK;

	for (size_t i = 0; r == UI_OK && i < l->n_given; i++)
		if (find_in(common, l->given[i].option->name))
			r = take(l->given[i].option, l->given[i].value, l->o, l->c);
	if (l->o->help || l->o->version)
		return r;
	for (size_t i = 0; r == UI_OK && i < l->n_given; i++) {
		const char *name = l->given[i].option->name;
		const struct ui_option *option = find_in(own, name);
		if (option)
			r = take(option, l->given[i].value, l->o, l->c);
		else if (!find_in(common, name))
			r = complain_of_other(name, l->c);
	}
	return r;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static const char *nearest_command(const char *word)
{
	struct pt_near near = {.word = word, .size = strlen(word)};
	for (size_t i = 0; ui_commands[i]; i++)
		pt_near_try(&near, ui_commands[i]->name);
	return near.best;
}

static int find_command(const char *word, const struct ui_command **ret, struct ui_complaint *c)
{
	const char *near;
	pid_t pid;

	for (size_t i = 0; ui_commands[i]; i++)
		if (strcmp(word, ui_commands[i]->name) == 0) {
			*ret = ui_commands[i];
			return UI_OK;
		}
	if (ui_parse_pid(word, &pid))
		return ui_usage(c, "no command '%s': a process is given with -p %s", word, word);
	near = nearest_command(word);
	if (near)
		return ui_usage(c, "no command '%s': did you mean %s?", word, near);
	return ui_usage(c, "no command '%s': pagetop --help lists them", word);
}

/* A recording instead of a process, where that makes sense. */
static int check_recording(const struct ui_options *o, struct ui_complaint *c)
{
	const struct ui_command *command = o->command;

	if (o->at && !o->input)
		return ui_usage(c, "--at is a moment of a recording: pagetop -i RECORDING --at %s", o->at);
	if (o->input && o->demo)
		return ui_usage(c, "-i %s is instead of a process: not together with --demo", o->input);
	if (o->input && command && !command->takes_recording)
		return ui_usage(c, "%s needs a process that lives: it takes no -i", command->name);
	return UI_OK;
}

/* What must come together, or must not. */
static int check(struct ui_options *o, struct ui_complaint *c)
{
	const struct ui_command *command = o->command;

	if (!command && (o->json || o->raw || o->no_headings || o->bytes || o->columns))
		return ui_usage(c, "-J, -r, -n, -b and -o need a command, as in pagetop vmas -p PID -J");
	if (o->json && o->raw && !(command && command->raw_flags))
		return ui_usage(c, "-J and -r exclude each other");
	if ((command && command->check && command->check(o, c) != UI_OK) || check_recording(o, c) != UI_OK)
		return UI_USAGE;
	if (!command)
		return UI_OK;
	if (!command->operands && o->rest[0])
		return ui_usage(c, "%s takes no operand: '%s'", command->name, o->rest[0]);
	if (command->operands && command->operands[0] != '[' && !o->rest[0])
		return ui_usage(c, "%s needs %s: see pagetop %s --help", command->name, command->operands,
				command->name);
	if (command->needs_process && o->pid == 0 && !o->demo && !o->merge && !o->input)
		return ui_usage(c, "%s needs a process: pagetop %s -p PID%s%s", command->name, command->name,
				command->operands ? " " : "", command->operands ? command->operands : "");
	return UI_OK;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

/* One of getopt_long's: an option, an operand (1), or what is wrong. */
static int read_word(struct line *l, int option, char **argv, int *operands)
{
	/* optopt is the letter of a short option; of a long one it is its number, or 0 where there is none of the name */
	char letter[3] = {'-', (char)optopt, '\0'};
	const char *word = optopt == 0 || optopt >= FIRST ? argv[optind - 1] : letter;

	if (option == ':')
		return ui_usage(l->c, "%s needs a value: see pagetop --help", word);
	if (option == '?')
		return ui_usage(l->c, "unknown option %s: pagetop --help lists them", word);
	if (option == 1 && !l->o->command) {
		int r = find_command(optarg, &l->o->command, l->c);
		make_letters(l);
		return r;
	}
	if (option == 1)
		l->o->rest[(*operands)++] = optarg;
	else
		l->given[l->n_given++] = (struct given){
			option >= FIRST ? l->all[option - FIRST] : find_letter(l->o->command, option), optarg};
	return UI_OK;
}

/* Options and operands in the order they come. */
static int read_words(struct line *l, int argc, char **argv)
{
	struct ui_options *o = l->o;
	int option, r = UI_OK, operands = 0;

	opterr = 0;
	optind = 0; /* glibc: start over, also with the next line in the same process */
	while (r == UI_OK && !(operands && o->command->starts_command) &&
	       (option = getopt_long(argc, argv, l->shorts, l->longs, NULL)) != -1)
		r = read_word(l, option, argv, &operands);
	if (r == UI_OK && !o->command && optind < argc) { /* pagetop -- COMMAND is pagetop run --live -- COMMAND */
		o->live = true;
		r = find_command("run", &o->command, l->c);
	}
	while (r == UI_OK && optind < argc)
		o->rest[operands++] = argv[optind++];
	return r;
}

static int parse(int argc, char **argv, struct ui_options *o, struct ui_complaint *c)
{
	struct line l = {.o = o, .c = c};
	size_t letters = 1; /* at most so many options */
	int r = UI_USAGE;

	make_grammar(&l);
	for (int i = 1; i < argc; i++)
		letters += strlen(argv[i]);
	o->rest = calloc((size_t)argc + 1, sizeof(*o->rest));
	/* lists of what may come more than once, in one piece that begins with the first */
	o->asserts = calloc(3 * ((size_t)argc + 1), sizeof(*o->asserts));
	o->specs = o->asserts ? o->asserts + argc + 1 : NULL;
	o->ranges = o->specs ? o->specs + argc + 1 : NULL;
	l.given = calloc(letters, sizeof(*l.given));
	if (!o->rest || !o->asserts || !l.given)
		ui_usage(c, "out of memory");
	else
		r = read_words(&l, argc, argv);
	if (r == UI_OK)
		r = take_all(&l);
	if (r == UI_OK && !o->help && !o->version)
		r = check(o, c);
	free(l.given);
	return r;
}

int ui_options_parse(int argc, char **argv, struct ui_options *ret, char *message, size_t size)
{
	struct ui_complaint c = {message, size};
	const char *no_color = getenv("NO_COLOR");
	struct ui_options o = {
		.threads = 1,
		.history_bytes = PT_HISTORY_BYTES,
		.colours = no_color && *no_color ? UI_COLOURS_MONO : UI_COLOURS_AUTO,
	};
	int r = parse(argc, argv, &o, &c);

	if (!o.interval_ns)
		o.interval_ns = INTERVAL;
	if (o.budget <= 0)
		o.budget = BUDGET;
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
	options->asserts = options->specs = options->ranges = NULL;
}
