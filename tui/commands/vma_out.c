/*
 * VMAs as cells and as JSON objects, through the columns of core/report.
 */
#include "tui/commands/vma_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/commands.h"

/* ---- table ----------------------------------------------------------------------------------------------------- */

const char *ui_vma_column_name(const void *arg, size_t id)
{
	(void)arg;
	return pt_column((enum pt_column_id)id)->name;
}

struct ui_table_column ui_vma_table_column(enum pt_column_id id)
{
	const struct pt_column *column = pt_column(id);
	int flags = column->type == PT_COLUMN_TEXT ? 0 : UI_TABLE_RIGHT;

	return (struct ui_table_column){column->name, id == PT_COL_PATH ? UI_TABLE_CUT : flags};
}

void ui_name_cell(struct ui_table *table, const char *bytes)
{
	char small[512];
	size_t n = strlen(bytes), room = 4 * n + 1; /* \xNN for one byte is the longest */
	char *text = room > sizeof(small) ? malloc(room) : small;

	if (text)
		pt_text_printable(bytes, n, text, room);
	ui_table_cell(table, text);
	if (text != small)
		free(text);
}

void ui_vma_cell(const struct ui_options *options, struct ui_table *table, const struct pt_vma_row *row,
		 enum pt_column_id id)
{
	enum pt_column_type type = pt_column(id)->type;
	struct pt_maybe value;
	char text[64];

	if (type == PT_COLUMN_TEXT) {
		const char *bytes = pt_column_text(row, id, text);
		ui_name_cell(table, bytes ? bytes : "");
		return;
	}
	value = pt_column_number(row, id);
	if (type == PT_COLUMN_BYTES || !value.known)
		ui_table_bytes(options, value, text, sizeof(text));
	else
		snprintf(text, sizeof(text), type == PT_COLUMN_NUMBER ? "%" PRIu64 : "%" PRIx64, value.value);
	ui_table_cell(table, text);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *column_json(const struct pt_vma_row *row, enum pt_column_id id)
{
	char buf[64];

	switch (pt_column(id)->type) {
	case PT_COLUMN_TEXT: return ui_json_bytes(pt_column_text(row, id, buf));
	case PT_COLUMN_ADDRESS: return ui_json_hex(pt_column_number(row, id));
	default: return ui_json_maybe(pt_column_number(row, id));
	}
}

json_t *ui_vma_json(const struct pt_vma_row *row, const size_t *ids, size_t n)
{
	json_t *object = json_object();
	char key[24];

	for (size_t i = 0; object && i < n; i++) {
		ui_json_key(ui_vma_column_name(NULL, ids[i]), key);
		if (json_object_set_new_nocheck(object, key, column_json(row, (enum pt_column_id)ids[i])) < 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

static json_t *signals_json(const struct pt_signals *signals)
{
	json_t *object = json_object();

	for (int i = 0; object && i < PT_SIG_N; i++)
		json_object_set_new(object, pt_signal_name((enum pt_signal)i),
				    json_string(pt_given_name(signals->of[i].given)));
	return object;
}

json_t *ui_process_json(const struct pt_snapshot *s)
{
	size_t all = s->vmas->n;

	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:I}", "pid", (int)s->process.pid, "name",
			 ui_json_bytes(s->process.name), "rss", ui_json_maybe(pt_snapshot_bytes(s, all, PT_SUM_RSS)),
			 "pss", ui_json_maybe(pt_snapshot_bytes(s, all, PT_SUM_PSS)), "swap",
			 ui_json_maybe(pt_snapshot_bytes(s, all, PT_SUM_SWAP)), "signals", signals_json(&s->signals),
			 "scan-ns", (json_int_t)s->scan_ns);
}

/* ---- filter ---------------------------------------------------------------------------------------------------- */

int ui_filter_open(const struct ui_options *options, struct pt_filter **ret)
{
	char message[256];
	int r;

	*ret = NULL;
	if (!options->filter)
		return UI_OK;
	r = pt_filter_new(ret, options->filter, message, sizeof(message));
	if (r == 0)
		return UI_OK;
	ui_complain("-f %s: %s", options->filter, r == -EINVAL ? message : strerror(-r));
	return r == -EINVAL ? UI_USAGE : UI_LACKING;
}

void ui_filter_close(struct pt_filter *filter)
{
	if (filter && pt_filter_gave_up(filter))
		ui_complain("-f: the pattern took too long on some names; those are left out");
	pt_filter_free(filter);
}

bool ui_vma_matches(struct pt_filter *filter, const struct pt_vma *vma)
{
	const char *role = pt_role_name((enum pt_role)vma->role);

	return pt_filter_match(filter, vma->path, strlen(vma->path)) || pt_filter_match(filter, role, strlen(role));
}
