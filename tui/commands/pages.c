/*
 * pagetop pages: what a process has in its page tables, what files have in the page cache, or what the frames of the
 * machine are, as runs of pages that are alike in all columns that are shown; or page by page.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/machine/bulk.h"
#include "core/machine/traits.h"
#include "core/record/record.h"
#include "core/report/columns.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/files_out.h"
#include "tui/commands/frames_asked.h"
#include "tui/commands/json_out.h"
#include "tui/commands/list_out.h"
#include "tui/commands/vma_out.h"

enum {
	COL_START,
	COL_END,
	COL_OFFSET,
	COL_PFN,
	COL_PAGES,
	COL_KIND,
	COL_COUNT,
	COL_CGROUP,
	COL_LETTERS,
	COL_FLAGS,
	COL_PATH,
	COL_N
};

static const struct ui_list_column all_columns[COL_N] = {
	{"START", 12}, {"END", 12},     {"OFFSET", -10}, {"PFN", -9},   {"PAGES", -8}, {"KIND", 11},
	{"COUNT", -5}, {"CGROUP", -10}, {"LETTERS", 46}, {"FLAGS", 40}, {"PATH", 0},
};

/* What can be listed, and what each column is of. */
enum subject { OF_PROCESS = 1, OF_MACHINE = 2, OF_FILES = 4 };
static const unsigned columns_of[COL_N] = {
	[COL_START] = OF_PROCESS,
	[COL_END] = OF_PROCESS,
	[COL_OFFSET] = OF_FILES,
	[COL_PFN] = OF_PROCESS | OF_MACHINE | OF_FILES,
	[COL_PAGES] = OF_PROCESS | OF_MACHINE | OF_FILES,
	[COL_KIND] = OF_PROCESS,
	[COL_COUNT] = OF_PROCESS | OF_MACHINE | OF_FILES,
	[COL_CGROUP] = OF_MACHINE | OF_FILES,
	[COL_LETTERS] = OF_MACHINE | OF_FILES,
	[COL_FLAGS] = OF_PROCESS | OF_MACHINE | OF_FILES,
	[COL_PATH] = OF_FILES,
};

/* A list being made. */
struct listing {
	const struct ui_options *options;
	const struct pt_snapshot *snapshot; /* NULL: of the machine or of files, */
	struct pt_files files;              /* which are these */
	unsigned page_shift;
	size_t ids[COL_N], n;
	struct ui_list list;
	struct ui_json json;
};

/* A row, whatever it is of. */
struct row {
	/* addresses, bytes into the file, and so on; unknown ones are left out */
	struct pt_maybe start, end, offset, pfn, count, cgroup;
	const char *path; /* of the file; NULL: of none */
	uint64_t pages;
	const char *kind;        /* NULL: of the machine */
	uint64_t flags;          /* of the machine */
	struct pt_traits traits; /* of a process, */
	bool no_flags;           /* and whether they are not known */
};

static const char *column_name(const void *arg, size_t id)
{
	(void)arg;
	return all_columns[id].name;
}

static bool has(const struct listing *l, size_t id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->ids[i] == id)
			return true;
	return false;
}

static enum subject subject_of(const struct ui_options *o)
{
	return o->pid || o->input ? OF_PROCESS : o->file ? OF_FILES : OF_MACHINE;
}

/* Columns that what is listed has not. */
static int check_columns(const struct listing *l, enum subject subject)
{
	for (size_t i = 0; i < l->n; i++) {
		const unsigned has = columns_of[l->ids[i]];
		if (has & subject)
			continue;
		ui_complain("column %s is of %s", column_name(NULL, l->ids[i]),
			    has & OF_PROCESS   ? "a process: -p PID"
			    : has & OF_MACHINE ? "the machine's frames: without -p"
					       : "files: -f PATH");
		return UI_USAGE;
	}
	return UI_OK;
}

static int choose(struct listing *l)
{
	static const size_t process[] = {COL_START, COL_END, COL_PAGES, COL_KIND, COL_FLAGS},
			    each[] = {COL_START, COL_END, COL_PAGES, COL_PFN, COL_KIND, COL_COUNT, COL_FLAGS},
			    files[] = {COL_OFFSET, COL_PAGES, COL_PFN, COL_FLAGS, COL_PATH},
			    machine[] = {COL_PFN, COL_PAGES, COL_FLAGS};
	const enum subject subject = subject_of(l->options);
	const bool more = subject == OF_PROCESS && l->options->each;
	const size_t *defaults = more ? each : subject == OF_PROCESS ? process : subject == OF_FILES ? files : machine;
	const size_t n = more ? 7 : subject == OF_MACHINE ? 3 : 5;
	char message[256];
	int r = pt_columns_select(l->options->columns, column_name, NULL, COL_N, defaults, n, l->ids, &l->n, message,
				  sizeof(message));
	if (r == 0)
		return check_columns(l, subject);
	ui_complain("%s", message);
	return UI_USAGE;
}

/* ---- a row ------------------------------------------------------------------------------------------------------ */

/* In front of a decimal number may stand a sign; "" for what is not known. */
static void decimal(struct pt_maybe value, const char *sign, char ret[PT_BITS_NAMES])
{
	ret[0] = '\0';
	if (value.known)
		snprintf(ret, PT_BITS_NAMES, "%s%" PRIu64, sign, value.value);
}

static void hexadecimal(struct pt_maybe value, char ret[PT_BITS_NAMES])
{
	ret[0] = '\0';
	if (value.known)
		snprintf(ret, PT_BITS_NAMES, "%" PRIx64, value.value);
}

/* Of a process flags alone: the kind stands in a column of its own. */
static char *flags_of(const struct row *row, char ret[PT_BITS_NAMES])
{
	size_t at = 0;
	const char *name;

	if (!row->kind)
		return pt_bits_names(row->flags, ret);
	ret[0] = '\0';
	for (unsigned i = 0; (name = pt_trait_name(i)); i++)
		if (row->traits.bits >> i & 1 && !pt_trait_is_kind(i))
			at += (size_t)snprintf(ret + at, PT_BITS_NAMES - at, "%s%s", at ? "," : "", name);
	if (row->no_flags)
		snprintf(ret + at, PT_BITS_NAMES - at, "%s?", at ? "," : "");
	return ret;
}

static void printable_path(const struct row *row, char ret[4 * PATH_MAX])
{
	const char *path = row->path ? row->path : "";
	pt_text_printable(path, strlen(path), ret, 4 * PATH_MAX);
}

static void print_row(struct listing *l, const struct row *row)
{
	char text[PT_BITS_NAMES], path[4 * PATH_MAX];

	for (size_t i = 0; i < l->n; i++) {
		switch (l->ids[i]) {
		case COL_START: hexadecimal(row->start, text); break;
		case COL_END: hexadecimal(row->end, text); break;
		case COL_OFFSET: hexadecimal(row->offset, text); break;
		case COL_PFN: decimal(row->pfn, "", text); break;
		case COL_PAGES: snprintf(text, sizeof(text), "%" PRIu64, row->pages); break;
		case COL_KIND: snprintf(text, sizeof(text), "%s", row->kind); break;
		case COL_COUNT: decimal(row->count, "", text); break;
		case COL_CGROUP: decimal(row->cgroup, "@", text); break;
		case COL_LETTERS: pt_bits_letters(row->flags, text); break;
		case COL_PATH: printable_path(row, path); break;
		default: flags_of(row, text);
		}
		ui_list_cell(&l->list, l->ids[i] == COL_PATH ? path : text);
	}
}

static json_t *traits_json(struct pt_traits traits)
{
	json_t *array = json_array();
	const char *name;
	for (unsigned i = 0; array && (name = pt_trait_name(i)); i++)
		if (traits.bits >> i & 1 && !pt_trait_is_kind(i))
			json_array_append_new(array, json_string(name));
	return array;
}

static json_t *cell_json(const struct row *row, size_t id)
{
	switch (id) {
	case COL_START: return ui_json_hex(row->start);
	case COL_END: return ui_json_hex(row->end);
	case COL_OFFSET: return ui_json_maybe(row->offset);
	case COL_PFN: return ui_json_maybe(row->pfn);
	case COL_PAGES: return json_integer((json_int_t)row->pages);
	case COL_KIND: return json_string(row->kind);
	case COL_COUNT: return ui_json_maybe(row->count);
	case COL_CGROUP: return ui_json_maybe(row->cgroup);
	case COL_LETTERS: {
		char letters[PT_BITS_LETTERS];
		return json_string(pt_bits_letters(row->flags, letters));
	}
	case COL_PATH: return ui_json_bytes(row->path);
	default: return !row->kind ? ui_json_flags(row->flags) : row->no_flags ? json_null() : traits_json(row->traits);
	}
}

static void json_row(struct listing *l, const struct row *row)
{
	json_t *object = json_object();
	char key[32];
	for (size_t i = 0; object && i < l->n; i++) {
		ui_json_key(column_name(NULL, l->ids[i]), key);
		json_object_set_new(object, key, cell_json(row, l->ids[i]));
	}
	ui_json_element(&l->json, object);
}

static void tell(struct listing *l, const struct row *row)
{
	if (l->options->json)
		json_row(l, row);
	else
		print_row(l, row);
}

static void begin(struct listing *l)
{
	l->list = (struct ui_list){
		.all = all_columns, .ids = l->ids, .n = l->n, .raw = l->options->raw && l->snapshot != NULL};
	if (l->options->json)
		ui_json_begin(&l->json, "pages");
	else
		ui_list_begin(&l->list, !l->options->no_headings);
}

static int end(struct listing *l)
{
	if (!l->options->json)
		return UI_OK;
	ui_json_end_array(&l->json);
	if (l->snapshot)
		ui_json_member(&l->json, "process", ui_process_json(l->snapshot));
	if (l->options->file)
		ui_files_json(&l->json, &l->files);
	return ui_json_end(&l->json);
}

/* ---- of a process ----------------------------------------------------------------------------------------------- */

static int tell_pages(void *arg, const struct pt_page_run *run)
{
	struct listing *l = arg;
	enum pt_kind kind = pt_page_kind(run->first);
	bool present = pt_kind_present(kind);
	const struct row row = {
		.start = {run->page << l->page_shift, true},
		.end = {(run->page + run->pages) << l->page_shift, true},
		.pages = run->pages,
		.pfn = {run->first.pfn, present && run->first.pfn},
		.count = {run->first.count, present && run->first.bits & PT_HAS_COUNT},
		.kind = pt_kind_name(kind),
		.traits = run->traits,
		.no_flags = present && !(run->first.bits & PT_HAS_FLAGS),
	};
	tell(l, &row);
	return 0;
}

static int list_pages(struct listing *l, const struct ui_frames_asked *asked)
{
	const struct pt_stretch all = {0, UINT64_MAX};
	const struct pt_types_request *q = &asked->request;
	uint64_t unknown = 0;

	begin(l);
	for (size_t i = 0; i < (q->n_ranges ? q->n_ranges : 1); i++) {
		const struct pt_stretch *range = q->n_ranges ? &q->ranges[i] : &all;
		const struct pt_pages_request request = {.pages = *range,
							 .rules = q->rules,
							 .n_rules = q->n_rules,
							 .frames = has(l, COL_PFN),
							 .counts = has(l, COL_COUNT),
							 .each = l->options->each};
		uint64_t left_out;
		pt_pages_walk(l->snapshot, &request, tell_pages, l, &left_out);
		unknown += left_out;
	}
	int r = end(l);
	if (unknown)
		ui_complain("left out %" PRIu64 " pages of which that is not known: see pagetop doctor", unknown);
	return r;
}

static int run_process(struct listing *l, struct pt_kernel *k)
{
	struct ui_frames_asked asked = {0};
	struct pt_snapshot *snapshot = NULL;
	struct pt_reader *reader = NULL;
	int r = ui_frames_asked(l->options, k, pt_traits_word, &asked);

	if (r == UI_OK)
		r = ui_subject(l->options, k, &snapshot, &reader);
	if (r == UI_OK) {
		l->snapshot = snapshot;
		l->page_shift = snapshot->page_shift;
		r = list_pages(l, &asked);
		pt_snapshot_unref(snapshot);
		pt_reader_close(reader);
	}
	ui_frames_asked_free(&asked);
	return r;
}

/* ---- of the machine, and of files --------------------------------------------------------------------------------------------- */

static struct pt_maybe known(uint64_t word)
{
	return (struct pt_maybe){word, word != PT_BULK_NONE};
}

static int tell_frames(void *arg, const struct pt_frame_run *run)
{
	struct listing *l = arg;
	bool each = l->options->each;
	struct row row = {.pages = each ? 1 : run->pages,
			  .flags = run->flags,
			  .count = known(run->count),
			  .cgroup = known(run->cgroup),
			  .path = run->path};
	for (uint64_t i = 0; i < (each ? run->pages : 1); i++) {
		row.offset = (struct pt_maybe){(run->page + i) << l->page_shift, run->path != NULL};
		row.pfn = (struct pt_maybe){run->first + i, true};
		tell(l, &row);
	}
	return 0;
}

static int run_frames(struct listing *l, struct pt_kernel *k)
{
	struct ui_frames_asked asked = {0};
	const char *file;
	int r = ui_frames_asked(l->options, k, pt_bits_word, &asked);

	if (r == UI_OK) {
		asked.request.counts = has(l, COL_COUNT);
		asked.request.cgroups = has(l, COL_CGROUP);
		asked.request.files = &l->files;
		begin(l);
		int error = pt_types_walk(k, &asked.request, tell_frames, l, &file);
		r = end(l);
		r = error ? ui_frames_error(k, 0, error, file) : r;
		if (!error && !l->options->json)
			ui_files_complain(&l->files);
		pt_files_free(&l->files);
	}
	ui_frames_asked_free(&asked);
	return r;
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	struct listing l = {.options = options, .page_shift = k->page_shift};
	int r = choose(&l);
	if (r != UI_OK)
		return r;
	return options->pid || options->input ? run_process(&l, k) : run_frames(&l, k);
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "Lists what a process has present, swapped or marked, what is cached of files, or\n"
			   "the machine's frames: runs of neighbours that are alike in all that is shown.\n"
			   "\n"
			   "  -p PID, -f PATH        the process; the file, or all files below this folder\n"
			   "  -a, --addr RANGE       addresses START-END, PFNs FIRST-END; or page numbers:\n"
			   "                         N, N+COUNT, N,END. Repeatable\n"
			   "      --where SPEC       those for which it holds: anon,~shared  dirty,huge\n"
			   "                         swapped  =... as -b of pagetop types; all of several\n"
			   "      --each             a row for each page\n"
			   "  -c, -F, -r             not of -p: cgroup, file of flags, all flags: see types\n"
			   "  -o, --output COLUMNS   START END PAGES KIND FLAGS PFN COUNT; of the machine\n"
			   "                         PFN PAGES FLAGS LETTERS COUNT CGROUP, of files these,\n"
			   "                         OFFSET and PATH; +COLUMNS: also\n"
			   "  -n, -J                 no first line, JSON\n"
			   "\n"
			   "Of a process: present swapped anon file shmem zero hugetlb kernel device guard\n"
			   "  marker migrating; huge shared private softdirty uffd_wp referenced uptodate\n"
			   "  dirty lru active writeback swapcache lazyfree compound_head unevictable\n"
			   "  hwpoison ksm thp mlocked anon_exclusive; man pagetop says what each means.\n";

static const struct ui_option own_options[] = {
	{"addr", 'a', UI_TAKES_VALUE, 0, ui_take_range},
	UI_TAKEN("where", UI_TAKES_VALUE, ui_take_spec),
	UI_FLAG("each", each),
	{"cgroup", 'c', UI_TAKES_VALUE, offsetof(struct ui_options, cgroup), NULL},
	{"file", 'f', UI_TAKES_VALUE, offsetof(struct ui_options, file), NULL},
	{"kpageflags", 'F', UI_TAKES_VALUE, offsetof(struct ui_options, kpageflags), NULL},
	{0},
};

static int check(struct ui_options *o, struct ui_complaint *c)
{
	if (o->filter)
		return ui_usage(c, "pages has no names to filter: a file is --file %s", o->filter);
	if ((o->pid || o->input) && o->file)
		return ui_usage(c, "-%c and -f exclude each other", o->pid ? 'p' : 'i');
	if ((o->pid || o->input) && (o->cgroup || o->kpageflags))
		return ui_usage(c, "%s is about the machine's frames: without -p",
				o->cgroup ? "--cgroup" : "--kpageflags");
	return UI_OK;
}

const struct ui_command ui_pages_command = {
	.name = "pages",
	.summary = "pages of a process or frames of the machine, as runs",
	.usage = "[OPTION...]",
	.help = help,
	.options = own_options,
	.takes_recording = true,
	.raw_flags = true,
	.check = check,
	.run = run,
};
