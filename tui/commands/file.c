/*
 * pagetop file: how much of files and trees of files is cached, as a table of files and what it leaves out; of one file
 * also who has it mapped.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cache/files.h"
#include "core/cache/mappers.h"
#include "core/filter/filter.h"
#include "core/text/text.h"
#include "tui/commands/columns_out.h"
#include "tui/commands/commands.h"
#include "tui/commands/files_out.h"
#include "tui/commands/json_out.h"
#include "tui/commands/progress.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"

enum {
	SIZE,
	CACHED,
	SHARE,
	DIRTY,
	WRITEBACK,
	ACTIVE,
	REFERENCED,
	LARGE,
	UNEVICTABLE,
	MAPPED,
	EVICTED,
	RECENT,
	PATH,
	COLUMNS
};

static const struct ui_table_column columns[COLUMNS] = {
	[SIZE] = {"SIZE", UI_TABLE_RIGHT},
	[CACHED] = {"CACHED", UI_TABLE_RIGHT},
	[SHARE] = {"SHARE", UI_TABLE_RIGHT},
	[DIRTY] = {"DIRTY", UI_TABLE_RIGHT},
	[WRITEBACK] = {"WRITEBACK", UI_TABLE_RIGHT},
	[ACTIVE] = {"ACTIVE", UI_TABLE_RIGHT},
	[REFERENCED] = {"REFERENCED", UI_TABLE_RIGHT},
	[LARGE] = {"LARGE", UI_TABLE_RIGHT},
	[UNEVICTABLE] = {"UNEVICTABLE", UI_TABLE_RIGHT},
	[MAPPED] = {"MAPPED", UI_TABLE_RIGHT},
	[EVICTED] = {"EVICTED", UI_TABLE_RIGHT},
	[RECENT] = {"RECENT", UI_TABLE_RIGHT},
	[PATH] = {"PATH", 0},
};

static const unsigned char order[COLUMNS] = {SIZE,    CACHED, SHARE,      DIRTY, WRITEBACK,   ACTIVE, MAPPED,
					     EVICTED, PATH,   REFERENCED, LARGE, UNEVICTABLE, RECENT};
static const struct ui_columns the_table = {columns, order, COLUMNS, 9};

/* What was asked for and found. */
struct job {
	const struct ui_options *options;
	struct pt_kernel *k;
	struct pt_filter *filter;
	struct ui_chosen chosen;
	char **paths; /* [n], absolute */
	size_t n;
	struct pt_files files;
	struct pt_cached *cached;  /* of the one file, if it is one, */
	struct pt_mappers mappers; /* and who maps it */
	bool has_mappers;
	struct ui_progress progress;
};

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* The pages of a column as bytes. */
static struct pt_maybe bytes_of(const struct job *job, const struct pt_cached_sum *sum, size_t column)
{
	struct pt_maybe pages = {0};
	switch (column) {
	case SIZE: return (struct pt_maybe){sum->bytes, true};
	case CACHED: pages = sum->cached; break;
	case DIRTY: pages = sum->dirty; break;
	case WRITEBACK: pages = sum->writeback; break;
	case ACTIVE: pages = sum->active; break;
	case REFERENCED: pages = sum->referenced; break;
	case LARGE: pages = sum->large; break;
	case UNEVICTABLE: pages = sum->unevictable; break;
	case MAPPED: pages = sum->mapped; break;
	case EVICTED: pages = sum->evicted; break;
	case RECENT: pages = sum->recent; break;
	default: break;
	}
	return (struct pt_maybe){pages.value << job->k->page_shift, pages.known};
}

/* The size of a file that could not be looked at is not known either. */
static struct pt_maybe value_of(const struct job *job, const struct pt_file_row *row, size_t column)
{
	return row->error ? (struct pt_maybe){0} : bytes_of(job, &row->sum, column);
}

static bool is_shown(const struct job *job, const struct pt_file_row *row)
{
	return pt_filter_match(job->filter, row->path, strlen(row->path));
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static void cell(const struct job *job, struct ui_table *table, const struct pt_file_row *row, size_t column)
{
	char text[4 * 4096];
	const struct pt_cached_sum *sum = &row->sum;

	switch (column) {
	case PATH:
		pt_text_printable(row->path, strlen(row->path), text, sizeof(text));
		ui_table_cell(table, text);
		break;
	case SHARE:
		ui_table_cell(table, row->error || !sum->cached.known
					     ? "?"
					     : ui_text_share(sum->cached.value, sum->pages, text, sizeof(text)));
		break;
	default: ui_table_cell(table, ui_table_bytes(job->options, value_of(job, row, column), text, sizeof(text)));
	}
}

static int print_table(const struct job *job)
{
	char all[64];
	struct pt_file_row total = {.path = all, .sum = job->files.sum};
	size_t shown = 0;

	struct ui_table *table = ui_columns_table(job->options, &the_table, &job->chosen);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < job->files.n; i++) {
		if (!is_shown(job, &job->files.v[i]))
			continue;
		shown++;
		for (size_t c = 0; c < job->chosen.n; c++)
			cell(job, table, &job->files.v[i], job->chosen.ids[c]);
	}
	snprintf(all, sizeof(all), "total of %" PRIu64 " files", job->files.files);
	if (!job->options->raw && (shown != 1 || job->files.files > 1))
		for (size_t c = 0; c < job->chosen.n; c++)
			cell(job, table, &total, job->chosen.ids[c]);
	int r = ui_table_print(table);
	ui_table_free(table);
	return r == 0 ? UI_OK : ui_out_of_memory();
}

static void print_mappers(const struct job *job)
{
	char name[4 * PT_NAME_MAX], size[32], address[32];

	if (!job->has_mappers)
		return;
	printf("\nMapped by %zu process%s\n", job->mappers.n, job->mappers.n == 1 ? "" : "es");
	for (size_t i = 0; i < job->mappers.n; i++) {
		const struct pt_mapper *m = &job->mappers.v[i];
		struct pt_maybe bytes = {m->pages << job->k->page_shift, true};

		pt_text_printable(m->name, strlen(m->name), name, sizeof(name));
		snprintf(address, sizeof(address), "%" PRIx64, m->vma[0].start);
		printf("  %7d  %8s  %s%s  %s\n", (int)m->pid, ui_table_bytes(job->options, bytes, size, sizeof(size)),
		       address, m->n_vma > 1 ? "..." : "", name);
	}
	if (job->mappers.missed.known && job->mappers.missed.value)
		printf("  %" PRIu64 " mapping%s more, %s\n", job->mappers.missed.value,
		       job->mappers.missed.value == 1 ? "" : "s",
		       job->mappers.refused ? "perhaps of processes that may not be looked at"
					    : "which came or went meanwhile");
}

static int print_text(const struct job *job)
{
	int r = print_table(job);

	if (r == UI_OK && !job->options->raw) {
		print_mappers(job);
		ui_files_notes(&job->files);
	}
	return r;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *sums_json(const struct job *job, const struct pt_file_row *row)
{
	json_t *object = json_object();
	char key[16];

	for (size_t i = 0; object && i < COLUMNS; i++) {
		if (i == SHARE || i == PATH)
			continue;
		ui_json_key(columns[i].name, key);
		json_object_set_new(object, key, ui_json_maybe(value_of(job, row, i)));
	}
	return object;
}

static json_t *row_json(const struct job *job, const struct pt_file_row *row)
{
	json_t *object = sums_json(job, row);

	if (object) {
		json_object_set_new(object, "path", ui_json_bytes(row->path));
		json_object_set_new(object, "error", ui_json_bytes(row->error ? ui_files_why_not(row->error) : NULL));
	}
	return object;
}

static json_t *mappers_json(const struct job *job)
{
	json_t *array = job->has_mappers ? json_array() : json_null();

	for (size_t i = 0; array && job->has_mappers && i < job->mappers.n; i++) {
		const struct pt_mapper *m = &job->mappers.v[i];
		struct pt_maybe address = {m->vma[0].start, true};

		json_array_append_new(array, json_pack("{s:i, s:o, s:I, s:o}", "pid", (int)m->pid, "name",
						       ui_json_bytes(m->name), "bytes",
						       (json_int_t)m->pages << job->k->page_shift, "address",
						       ui_json_hex(address)));
	}
	return array;
}

static int print_json(const struct job *job)
{
	const struct pt_files *f = &job->files;
	const struct pt_file_row total = {.sum = f->sum};
	struct ui_json out;

	ui_json_begin(&out, "file");
	for (size_t i = 0; i < f->n; i++)
		if (is_shown(job, &f->v[i]))
			ui_json_element(&out, row_json(job, &f->v[i]));
	ui_json_end_array(&out);
	ui_json_member(&out, "total", sums_json(job, &total));
	ui_json_member(&out, "mapped-by", mappers_json(job));
	ui_json_member(&out, "mappings-missed", ui_json_maybe(job->mappers.missed));
	ui_files_json(&out, f);
	return ui_json_end(&out);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int tell(void *arg)
{
	struct job *job = arg;
	char words[96], size[16];

	pt_text_size(job->files.sum.cached.value << job->k->page_shift, size, sizeof(size));
	snprintf(words, sizeof(words), "%" PRIu64 " files, %s cached", job->files.files, size);
	return ui_progress_tell(&job->progress, words);
}

static int keep(void *arg, const char *path, struct pt_cached *cached)
{
	struct job *job = arg;

	(void)path;
	pt_cached_free(job->cached);
	job->cached = cached;
	return 0;
}

/* Who maps it, where one file was asked for. What stands in the way of that is no error: it stays unsaid. */
static void read_mappers(struct job *job)
{
	if (job->cached && job->files.n == 1 && !job->files.folders)
		job->has_mappers = pt_mappers_read(job->k, job->cached, (struct pt_step){tell, job}, &job->mappers) ==
				   0;
}

static bool is_one_file(const struct job *job)
{
	struct pt_file_stat stat;
	return job->n == 1 && job->k->ops->stat(job->k, job->paths[0], &stat) == 0 && S_ISREG(stat.mode);
}

/* What was given and is not there, or may not be looked at. */
static int status_of(const struct job *job)
{
	for (size_t i = 0; i < job->files.n; i++)
		for (size_t g = 0; g < job->n; g++) {
			const struct pt_file_row *row = &job->files.v[i];

			if (!row->error || strcmp(row->path, job->paths[g]) != 0)
				continue;
			ui_complain("%s: %s", job->options->rest[g], ui_files_why_not(row->error));
			if (row->error == -ENOENT || row->error == -ENOTDIR)
				return UI_USAGE;
			return row->error == -EACCES || row->error == -EPERM ? UI_DENIED : UI_LACKING;
		}
	return UI_OK;
}

static int look(struct job *job)
{
	struct pt_files_request request = {.paths = (const char *const *)job->paths,
					   .n = job->n,
					   .each = is_one_file(job) ? keep : NULL, /* its mappers need its pages */
					   .arg = job,
					   .step = {tell, job}};

	ui_progress_begin(&job->progress, "looking");
	int r = pt_files_read(job->k, &request, &job->files);
	if (!r)
		read_mappers(job);
	ui_progress_end(&job->progress);
	if (r == -ECANCELED)
		ui_progress_obey();
	pt_files_sort(&job->files);
	if (r)
		return r == -ENOMEM ? ui_out_of_memory() : UI_LACKING;
	r = job->options->json ? print_json(job) : print_text(job);
	return r == UI_OK ? status_of(job) : r;
}

/* Paths from the root on: that is how the kernel is asked. */
static int take_paths(struct job *job)
{
	char **rest = job->options->rest, *here = getcwd(NULL, 0);
	size_t n = 0;

	while (rest[n])
		n++;
	job->paths = calloc(n + 1, sizeof(*job->paths));
	for (; here && job->paths && job->n < n; job->n++) {
		size_t size = strlen(here) + strlen(rest[job->n]) + 2;
		char *path = malloc(size);

		if (!path)
			break;
		if (rest[job->n][0] == '/')
			snprintf(path, size, "%s", rest[job->n]);
		else
			snprintf(path, size, "%s/%s", here, rest[job->n]);
		job->paths[job->n] = path;
	}
	free(here);
	return job->paths && job->n == n ? UI_OK : ui_out_of_memory();
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	struct job job = {.options = options, .k = k};
	int r = ui_columns_choose(options, &the_table, NULL, &job.chosen);

	if (r != UI_OK)
		return r;
	r = ui_filter_open(options, &job.filter);
	if (r != UI_OK)
		return r;
	r = take_paths(&job);
	if (r == UI_OK)
		r = look(&job);
	pt_mappers_free(&job.mappers);
	pt_cached_free(job.cached);
	pt_files_free(&job.files);
	for (size_t i = 0; i < job.n; i++)
		free(job.paths[i]);
	free(job.paths);
	ui_filter_close(job.filter);
	return r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "How much of files, and of all files below folders, is in the page cache: most\n"
			   "cached first. Looking changes nothing: nothing is read in, no page counts as\n"
			   "accessed. Each file counts once, whatever names it has; links are not followed,\n"
			   "other file systems are left out, and what could not be looked at is told. Of one\n"
			   "file it says as well which processes have it mapped, and how much of it.\n"
			   "\n"
			   "  -f, --filter REGEX     paths to list; the total is of all\n"
			   "  -o, --output COLUMNS   of SIZE CACHED SHARE DIRTY WRITEBACK ACTIVE REFERENCED\n"
			   "                         LARGE UNEVICTABLE MAPPED EVICTED RECENT PATH;\n"
			   "                         +COLUMNS: these as well\n"
			   "  -b, --bytes            sizes in bytes\n"
			   "  -n, --noheadings       no first line\n"
			   "  -r, --raw              files alone, one blank between columns, for scripts\n"
			   "  -J, --json             JSON\n"
			   "\n"
			   "As root; your own files without ACTIVE, MAPPED and their like. EVICTED was\n"
			   "reclaimed and is remembered; RECENT of it so lately that its return will count.\n";

const struct ui_command ui_file_command = {
	.name = "file",
	.operands = "PATH...",
	.summary = "what of files and trees is cached, and who maps it",
	.usage = "PATH... [OPTION...]",
	.help = help,
	.run = run,
};
