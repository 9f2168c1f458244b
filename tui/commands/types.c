/*
 * pagetop types: frames by their flags, as the kernel's page-types counts them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/commands/columns_out.h"
#include "tui/commands/commands.h"
#include "tui/commands/files_out.h"
#include "tui/commands/frames_asked.h"
#include "tui/commands/idle_marks.h"
#include "tui/commands/json_out.h"
#include "tui/commands/progress.h"

enum { COL_FLAGS, COL_PAGES, COL_SIZE, COL_LETTERS, COL_NAMES, COL_N };

static const struct ui_table_column all_columns[COL_N] = {
	{"FLAGS", 0}, {"PAGES", UI_TABLE_RIGHT}, {"SIZE", UI_TABLE_RIGHT}, {"LETTERS", 0}, {"NAMES", UI_TABLE_CUT}};

static const unsigned char order[COL_N] = {COL_FLAGS, COL_PAGES, COL_SIZE, COL_NAMES, COL_LETTERS};
static const struct ui_columns columns = {all_columns, order, COL_N, 4};

/* ---- table ------------------------------------------------------------------------------------------------------ */

/* A row; NULL is that of the total. */
static void print_row(const struct ui_options *options, const struct ui_chosen *chosen, struct ui_table *table,
		      const struct pt_type *type, uint64_t pages, unsigned page_shift)
{
	char text[PT_BITS_NAMES];

	for (size_t i = 0; i < chosen->n; i++) {
		text[0] = '\0';
		switch (chosen->ids[i]) {
		case COL_FLAGS: snprintf(text, sizeof(text), "0x%016" PRIx64, type ? type->flags : 0); break;
		case COL_PAGES: snprintf(text, sizeof(text), "%" PRIu64, pages); break;
		case COL_SIZE:
			ui_table_bytes(options, (struct pt_maybe){pages << page_shift, true}, text, sizeof(text));
			break;
		case COL_LETTERS:
			if (type)
				pt_bits_letters(type->flags, text);
			break;
		default:
			if (type)
				pt_bits_names(type->flags, text);
		}
		if (!type && i == 0 && chosen->ids[i] != COL_PAGES && chosen->ids[i] != COL_SIZE)
			strcpy(text, "total");
		else if (!type && chosen->ids[i] == COL_FLAGS)
			text[0] = '\0';
		ui_table_cell(table, text);
	}
}

static int print_table(const struct ui_options *options, const struct ui_chosen *chosen, const struct pt_types *types,
		       unsigned page_shift)
{
	struct ui_options plain = *options;

	plain.raw = false; /* -r is about the flags */
	struct ui_table *table = ui_columns_table(&plain, &columns, chosen);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < types->n; i++)
		print_row(options, chosen, table, &types->v[i], types->v[i].pages, page_shift);
	print_row(options, chosen, table, NULL, types->pages, page_shift);
	int r = ui_table_print(table);
	ui_table_free(table);
	return r == 0 ? UI_OK : ui_out_of_memory();
}

/* What was counted. */
struct answer {
	struct pt_types types;
	struct pt_files files; /* with -f */
	struct ui_idle_marks marks;
	struct ui_progress progress;
};

static int print_text(const struct ui_options *options, const struct ui_chosen *chosen, const struct answer *a,
		      unsigned page_shift)
{
	int r = print_table(options, chosen, &a->types, page_shift);
	if (r != UI_OK || options->no_headings)
		return r;
	ui_files_notes(&a->files);
	if (options->mark_idle)
		ui_idle_print(&a->marks, page_shift);
	return r;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *marks_json(const struct ui_idle_marks *marks)
{
	return json_pack("{s:I, s:I, s:o, s:o}", "frames", (json_int_t)marks->frames, "marked",
			 (json_int_t)marks->marked, "idle", ui_json_maybe(marks->idle), "seconds",
			 marks->idle.known ? json_real(marks->seconds) : json_null());
}

static int print_json(const struct ui_options *options, const struct answer *a, unsigned page_shift)
{
	struct ui_json out;

	ui_json_begin(&out, "types");
	for (size_t i = 0; i < a->types.n; i++) {
		const struct pt_type *type = &a->types.v[i];
		const uint64_t bytes = type->pages << page_shift;
		ui_json_element(&out, json_pack("{s:o, s:I, s:I, s:o}", "flags",
						ui_json_hex((struct pt_maybe){type->flags, true}), "pages",
						(json_int_t)type->pages, "bytes", (json_int_t)bytes, "names",
						ui_json_flags(type->flags)));
	}
	ui_json_end_array(&out);
	ui_json_member(&out, "total", json_integer((json_int_t)a->types.pages));
	if (options->file)
		ui_files_json(&out, &a->files);
	if (options->mark_idle)
		ui_json_member(&out, "mark-idle", marks_json(&a->marks));
	return ui_json_end(&out);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int tell(void *arg)
{
	struct answer *a = arg;
	char words[64];
	snprintf(words, sizeof(words), "%" PRIu64 " files", a->files.files);
	return ui_progress_tell(&a->progress, words);
}

static int count(const struct ui_options *options, struct pt_kernel *k, struct pt_types_request request,
		 struct answer *a)
{
	const char *file;
	request.files = &a->files;
	request.step = (struct pt_step){tell, a};
	if (options->file) /* what has steps */
		ui_progress_begin(&a->progress, NULL);
	int error = pt_types_count(k, &request, &a->types, &file);
	if (options->file)
		ui_progress_end(&a->progress);
	if (error == -ECANCELED)
		ui_progress_obey();
	return error ? ui_frames_error(k, options->pid, error, file) : UI_OK;
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	struct ui_frames_asked asked = {0};
	struct answer a = {.types = {0}};
	struct ui_chosen chosen;
	int r = ui_columns_choose(options, &columns, NULL, &chosen);

	if (r != UI_OK)
		return r;
	r = ui_frames_asked(options, k, pt_bits_word, &asked);
	if (r == UI_OK)
		r = ui_idle_before(options, k, &asked.request, &a.marks);
	if (r == UI_OK)
		r = count(options, k, asked.request, &a);
	if (r == UI_OK)
		r = ui_idle_after(options, k, &asked.request, &a.marks);
	if (r == UI_OK)
		r = options->json ? print_json(options, &a, k->page_shift)
				  : print_text(options, &chosen, &a, k->page_shift);
	pt_types_free(&a.types);
	pt_files_free(&a.files);
	ui_frames_asked_free(&asked);
	return r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "Counts pages by their flags, as the kernel's page-types does: of the machine, or\n"
			   "of what a process has in its page tables.\n"
			   "\n"
			   "  -p PID, -f PATH        what this process has; what is cached of this file\n"
			   "                         or of all files below this folder\n"
			   "  -a, --addr RANGE       PFNs FIRST-END, of a process addresses START-END; or\n"
			   "                         page numbers N, N+COUNT, N,END. Repeatable\n"
			   "  -b, --bits SPEC        those with these flags; all of several -b must hold:\n"
			   "                           lru,dirty          any of them\n"
			   "                           lru,dirty=dirty    of these dirty and not lru\n"
			   "                           lru,~dirty         lru and not dirty\n"
			   "                           =lru,dirty         these and no others\n"
			   "  -c, --cgroup CGROUP    those of a memory cgroup: its name, path or @INODE\n"
			   "  -r, --raw              all flags; those with two meanings told apart\n"
			   "  -F, --kpageflags FILE  flags of frames out of another file of that form\n"
			   "      --mark-idle        marks what it counts idle; asks first, unless --yes;\n"
			   "                         --for SECONDS: and counts so much later\n"
			   "      --idle             idle_page brought up to date: not touched since marked\n"
			   "  -o, --output COLUMNS   of FLAGS PAGES SIZE LETTERS NAMES\n"
			   "      --bytes            sizes in bytes; -n: no first line; -J: JSON\n"
			   "\n"
			   "pagetop pages lists what this counts. man pagetop has the flags.\n";

static const struct ui_option own_options[] = {
	{"addr", 'a', UI_TAKES_VALUE, 0, ui_take_range},
	{"bits", 'b', UI_TAKES_VALUE, 0, ui_take_spec},
	{"cgroup", 'c', UI_TAKES_VALUE, offsetof(struct ui_options, cgroup), NULL},
	{"file", 'f', UI_TAKES_VALUE, offsetof(struct ui_options, file), NULL},
	{"kpageflags", 'F', UI_TAKES_VALUE, offsetof(struct ui_options, kpageflags), NULL},
	UI_FLAG("idle", idle),
	UI_FLAG("mark-idle", mark_idle),
	UI_TAKEN("for", UI_TAKES_VALUE, ui_take_for),
	UI_FLAG("yes", yes),
	{0},
};

static int check(struct ui_options *o, struct ui_complaint *c)
{
	if (o->filter)
		return ui_usage(c, "types has no names to filter: a file is --file %s", o->filter);
	return o->pid && o->file ? ui_usage(c, "-p and -f exclude each other") : ui_idle_check(o, c);
}

const struct ui_command ui_types_command = {
	.name = "types",
	.summary = "pages by their flags: of the machine, a process, a cgroup",
	.usage = "[OPTION...]",
	.help = help,
	.options = own_options,
	.raw_flags = true,
	.check = check,
	.run = run,
};
