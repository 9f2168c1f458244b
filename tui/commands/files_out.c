/* See files_out.h. */
#include "tui/commands/files_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/commands.h"

const char *ui_files_why_not(int error)
{
	switch (error) {
	case -EPERM: return "the kernel tells what is cached of it only to its owner and to root";
	case -EOPNOTSUPP: return "huge pages of hugetlbfs are no page cache";
	case -ENODEV: return "it has no page cache";
	default: return strerror(-error);
	}
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* One line of what was left out, and the first of it. */
static void print_gaps(const struct pt_files *f, enum pt_files_why why, const char *one, const char *many)
{
	char path[4 * 4096];

	if (!f->gaps[why])
		return;
	printf("%" PRIu64 " %s:", f->gaps[why], f->gaps[why] == 1 ? one : many);
	for (size_t i = 0, shown = 0; i < f->n_gap && shown < 3; i++) {
		if (f->gap[i].why != why)
			continue;
		pt_text_printable(f->gap[i].path, strlen(f->gap[i].path), path, sizeof(path));
		printf("%s %s", shown++ ? "," : "", path);
		if (f->gap[i].error)
			printf(" (%s)", strerror(-f->gap[i].error));
	}
	puts(f->gaps[why] > 3 ? ", ..." : "");
}

void ui_files_notes(const struct pt_files *f)
{
	char path[4 * 4096];

	if (f->failed || f->again || f->gaps[PT_FILES_OTHER_SYSTEM] || f->gaps[PT_FILES_UNREADABLE] || f->sum.raced)
		putchar('\n');
	for (size_t i = 0, shown = 0; i < f->n && shown < 3; i++) {
		if (!f->v[i].error)
			continue;
		pt_text_printable(f->v[i].path, strlen(f->v[i].path), path, sizeof(path));
		printf("%s: %s\n", path, ui_files_why_not(f->v[i].error));
		shown++;
	}
	if (f->failed > 1)
		printf("%" PRIu64 " files could not be looked at and are not in the total\n", f->failed);
	print_gaps(f, PT_FILES_UNREADABLE, "folder could not be read", "folders could not be read");
	print_gaps(f, PT_FILES_OTHER_SYSTEM, "folder left out, on another file system",
		   "folders left out, on other file systems");
	if (f->again)
		printf("%" PRIu64 " further name%s of files that count once\n", f->again, f->again == 1 ? "" : "s");
	if (f->sum.raced)
		printf("%" PRIu64 " page%s moved or went meanwhile: flags unknown\n", f->sum.raced,
		       f->sum.raced == 1 ? "" : "s");
}

void ui_files_complain(const struct pt_files *f)
{
	const uint64_t folders = f->gaps[PT_FILES_OTHER_SYSTEM] + f->gaps[PT_FILES_UNREADABLE];
	if (f->failed || folders)
		ui_complain("left out %" PRIu64 " file%s that could not be looked at, and %" PRIu64
			    " folder%s: see pagetop file",
			    f->failed, f->failed == 1 ? "" : "s", folders, folders == 1 ? "" : "s");
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *gaps_json(const struct pt_files *f, enum pt_files_why why)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < f->n_gap; i++)
		if (f->gap[i].why == why)
			json_array_append_new(array, ui_json_bytes(f->gap[i].path));
	return array;
}

void ui_files_json(struct ui_json *out, const struct pt_files *f)
{
	ui_json_member(out, "files", json_integer((json_int_t)f->files));
	ui_json_member(out, "folders", json_integer((json_int_t)f->folders));
	ui_json_member(out, "failed", json_integer((json_int_t)f->failed));
	ui_json_member(out, "further-names", json_integer((json_int_t)f->again));
	ui_json_member(out, "other-file-systems", gaps_json(f, PT_FILES_OTHER_SYSTEM));
	ui_json_member(out, "unreadable", gaps_json(f, PT_FILES_UNREADABLE));
	ui_json_member(out, "raced-pages", json_integer((json_int_t)f->sum.raced));
}
