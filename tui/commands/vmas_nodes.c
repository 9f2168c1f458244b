/*
 * pagetop vmas --by node: on which memory nodes the pages of a process lie, VMA by VMA, beside the nodes that its
 * threads run on, and how much of it is remote to them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/machine/nodes.h"
#include "core/text/text.h"
#include "tui/commands/columns_out.h"
#include "tui/commands/commands.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"
#include "tui/commands/vmas_by.h"

struct by {
	const struct ui_options *options;
	const struct pt_snapshot *snapshot;
	struct pt_filter *filter;
	struct pt_nodes nodes;
	struct pt_node_threads threads;
	double *shares;         /* [nodes.n], of all threads */
	bool has_shares;        /* something is known of them */
	uint64_t *sum;          /* [nodes.n + 1], pages of the VMAs that match */
	uint64_t *pages;        /* likewise, of the VMA under way */
	double *own;            /* [nodes.n], of the thread whose memory that is */
	struct pt_maybe remote; /* pages of all VMAs */
};

/* ---- asking ----------------------------------------------------------------------------------------------------- */

/* The pages of a VMA by node, into by->pages; what of it is remote. Pages of swap and reservations are none. */
static struct pt_maybe look_at(const struct by *by, const struct pt_vma *vma)
{
	bool own = vma->tid && pt_node_shares(&by->nodes, &by->threads, vma->tid, by->own);
	memset(by->pages, 0, (by->nodes.n + 1) * sizeof(*by->pages));
	pt_nodes_count(&by->nodes, by->snapshot, vma->start, vma->end, by->pages);
	struct pt_maybe remote = pt_nodes_remote(&by->nodes, by->pages, own ? by->own : by->shares);
	remote.known = remote.known && (own || by->has_shares);
	return remote;
}

static void sum_up(struct by *by)
{
	by->remote = (struct pt_maybe){0, true};
	for (size_t i = 0; i < by->snapshot->vmas->n; i++) {
		const struct pt_vma *vma = &by->snapshot->vmas->v[i];
		if (!ui_vma_matches(by->filter, vma))
			continue;
		struct pt_maybe remote = look_at(by, vma);
		by->remote.value += remote.value;
		by->remote.known = by->remote.known && remote.known;
		for (size_t n = 0; n <= by->nodes.n; n++)
			by->sum[n] += by->pages[n];
	}
}

static int read_nodes(struct by *by, struct pt_kernel *k)
{
	int error = pt_nodes_read(k, &by->nodes);
	if (error == -ENODATA) {
		ui_complain("this kernel says nothing of memory nodes (CONFIG_NUMA)");
		return UI_LACKING;
	}
	if (!error)
		error = pt_node_threads_read(k, by->snapshot->process.pid, &by->nodes, &by->threads);
	if (error)
		return error == -ENOMEM ? ui_out_of_memory() : ui_target_error(k, by->snapshot->process.pid, error);
	by->shares = calloc(by->nodes.n + 1, sizeof(*by->shares));
	by->own = calloc(by->nodes.n + 1, sizeof(*by->own));
	by->sum = calloc(by->nodes.n + 1, sizeof(*by->sum));
	by->pages = calloc(by->nodes.n + 1, sizeof(*by->pages));
	if (!by->shares || !by->own || !by->sum || !by->pages)
		return ui_out_of_memory();
	by->has_shares = pt_node_shares(&by->nodes, &by->threads, 0, by->shares);
	sum_up(by);
	return UI_OK;
}

static uint64_t all_pages(const struct by *by, const uint64_t *pages)
{
	uint64_t all = 0;
	for (size_t i = 0; i <= by->nodes.n; i++)
		all += pages[i];
	return all;
}

static size_t threads_on(const struct by *by, size_t node)
{
	size_t n = 0;
	for (size_t i = 0; i < by->threads.n; i++)
		n += by->threads.v[i].node == node;
	return n;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static const char *bytes_text(const struct by *by, struct pt_maybe pages, char *ret, size_t size)
{
	return ui_table_bytes(by->options, (struct pt_maybe){pages.value << by->snapshot->page_shift, pages.known}, ret,
			      size);
}

static void print_line(const char *text)
{
	ui_print_wrapped(text, 0, text[0] == ' ' ? 4 : 0, ui_text_width());
}

/* "node 0: 1.2G; 3 threads run there, with 87 % of the CPU time": a line for each. */
static void print_summary(const struct by *by)
{
	char text[512], name[4 * PT_NAME_MAX], a[24], b[24];
	struct pt_maybe all = {all_pages(by, by->sum), true};
	pt_text_printable(by->snapshot->process.name, strlen(by->snapshot->process.name), name, sizeof(name));
	if (by->nodes.n == 1) {
		snprintf(text, sizeof(text),
			 "This machine has one memory node, %d: all %s that %s %d has in memory are there, and nothing "
			 "is "
			 "remote.",
			 by->nodes.ids[0], bytes_text(by, all, a, sizeof(a)), name, (int)by->snapshot->process.pid);
		print_line(text);
		return;
	}
	snprintf(text, sizeof(text), "%s %d: %s of %s is remote to the threads that use it.", name,
		 (int)by->snapshot->process.pid, bytes_text(by, by->remote, a, sizeof(a)),
		 bytes_text(by, all, b, sizeof(b)));
	print_line(text);
	for (size_t i = 0; i < by->nodes.n; i++) {
		size_t threads = threads_on(by, i);
		snprintf(text, sizeof(text), "  node %d: %s; %zu thread%s there, with %.0f %% of their CPU time",
			 by->nodes.ids[i], bytes_text(by, (struct pt_maybe){by->sum[i], true}, a, sizeof(a)), threads,
			 threads == 1 ? " runs" : "s run", 100 * by->shares[i]);
		print_line(text);
	}
	if (by->sum[by->nodes.n]) {
		snprintf(text, sizeof(text), "  not known where: %s%s",
			 bytes_text(by, (struct pt_maybe){by->sum[by->nodes.n], true}, a, sizeof(a)),
			 pt_signal_has(&by->snapshot->signals, PT_SIG_PFN)
				 ? ""
				 : "; frame numbers are hidden from this user: sudo pagetop");
		print_line(text);
	}
	putchar('\n');
}

/* START END ROLE PATH REMOTE, then a column for each node. */
enum { COL_START, COL_END, COL_ROLE, COL_PATH, COL_REMOTE, COL_NODE };

static void add_cell(const struct by *by, struct ui_table *table, const struct pt_vma_row *row, struct pt_maybe remote,
		     size_t column)
{
	static const enum pt_column_id ids[] = {PT_COL_START, PT_COL_END, PT_COL_ROLE, PT_COL_PATH};
	bool unplaced = by->pages[by->nodes.n] > 0;
	char text[32];
	if (column < COL_REMOTE) {
		ui_vma_cell(by->options, table, row, ids[column]);
		return;
	}
	uint64_t pages = column == COL_REMOTE ? 0 : by->pages[column - COL_NODE];
	struct pt_maybe here = {pages, !unplaced || pages};
	ui_table_cell(table, bytes_text(by, column == COL_REMOTE ? remote : here, text, sizeof(text)));
}

static void add_row(const struct by *by, struct ui_table *table, const struct ui_chosen *chosen, size_t i)
{
	struct pt_vma_row row = {&by->snapshot->vmas->v[i], by->snapshot, i};
	struct pt_maybe remote = look_at(by, row.vma);
	for (size_t k = 0; k < chosen->n && all_pages(by, by->pages); k++)
		add_cell(by, table, &row, remote, chosen->ids[k]);
}

/* Columns of as many nodes as fit; their names are made here. */
struct heads {
	struct ui_table_column all[UI_COLUMNS_MAX];
	unsigned char order[UI_COLUMNS_MAX];
	char names[UI_COLUMNS_MAX][16];
};

static struct ui_columns make_heads(const struct by *by, struct heads *h)
{
	size_t nodes = by->nodes.n < UI_COLUMNS_MAX - COL_NODE ? by->nodes.n : UI_COLUMNS_MAX - COL_NODE, n = 0;
	h->all[COL_START] = ui_vma_table_column(PT_COL_START);
	h->all[COL_END] = ui_vma_table_column(PT_COL_END);
	h->all[COL_ROLE] = ui_vma_table_column(PT_COL_ROLE);
	h->all[COL_PATH] = ui_vma_table_column(PT_COL_PATH);
	h->all[COL_REMOTE] = (struct ui_table_column){"REMOTE", UI_TABLE_RIGHT};
	h->order[n++] = COL_START;
	h->order[n++] = COL_END;
	h->order[n++] = COL_ROLE;
	for (size_t i = 0; i < nodes; i++) {
		snprintf(h->names[i], sizeof(h->names[i]), "NODE%d", by->nodes.ids[i]);
		h->all[COL_NODE + i] = (struct ui_table_column){h->names[i], UI_TABLE_RIGHT};
		h->order[n++] = (unsigned char)(COL_NODE + i);
	}
	h->order[n++] = COL_REMOTE;
	h->order[n++] = COL_PATH;
	return (struct ui_columns){h->all, h->order, n, n};
}

static int print_table(const struct by *by)
{
	struct heads heads;
	struct ui_columns columns = make_heads(by, &heads);
	struct ui_chosen chosen;
	int r = ui_columns_choose(by->options, &columns, "node", &chosen);
	if (r != UI_OK)
		return r;
	struct ui_table *table = ui_columns_table(by->options, &columns, &chosen);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < by->snapshot->vmas->n; i++)
		if (ui_vma_matches(by->filter, &by->snapshot->vmas->v[i]))
			add_row(by, table, &chosen, i);
	r = ui_table_print(table);
	ui_table_free(table);
	return r == 0 ? UI_OK : ui_out_of_memory();
}

static int print_text(const struct by *by)
{
	bool plain = by->options->raw || by->options->no_headings || by->options->columns;
	if (!plain)
		print_summary(by);
	return by->nodes.n == 1 && !plain ? UI_OK : print_table(by);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *bytes_json(const struct by *by, struct pt_maybe pages)
{
	return ui_json_maybe((struct pt_maybe){pages.value << by->snapshot->page_shift, pages.known});
}

static json_t *vma_json(const struct by *by, size_t i)
{
	static const size_t ids[] = {PT_COL_START, PT_COL_END, PT_COL_PERMS, PT_COL_PATH, PT_COL_ROLE, PT_COL_SIZE};
	struct pt_vma_row row = {&by->snapshot->vmas->v[i], by->snapshot, i};
	struct pt_maybe remote = look_at(by, row.vma);
	json_t *vma = ui_vma_json(&row, ids, sizeof(ids) / sizeof(*ids)), *nodes = json_array();
	for (size_t n = 0; nodes && n < by->nodes.n; n++)
		if (by->pages[n])
			json_array_append_new(nodes, json_pack("{s:i, s:o}", "node", by->nodes.ids[n], "bytes",
							       bytes_json(by, (struct pt_maybe){by->pages[n], true})));
	if (vma) {
		json_object_set_new(vma, "thread", row.vma->tid ? json_integer(row.vma->tid) : json_null());
		json_object_set_new(vma, "nodes", nodes);
		json_object_set_new(vma, "unknown", bytes_json(by, (struct pt_maybe){by->pages[by->nodes.n], true}));
		json_object_set_new(vma, "remote", bytes_json(by, remote));
	} else {
		json_decref(nodes);
	}
	return vma;
}

static json_t *nodes_json(const struct by *by)
{
	json_t *array = json_array();
	for (size_t i = 0; array && i < by->nodes.n; i++)
		json_array_append_new(array, json_pack("{s:i, s:o, s:I, s:o}", "node", by->nodes.ids[i], "bytes",
						       bytes_json(by, (struct pt_maybe){by->sum[i], true}), "threads",
						       (json_int_t)threads_on(by, i), "cpu-share",
						       by->has_shares ? json_real(by->shares[i]) : json_null()));
	return array;
}

static int print_json(const struct by *by)
{
	struct ui_json out;
	ui_json_begin(&out, "vmas");
	for (size_t i = 0; i < by->snapshot->vmas->n; i++)
		if (ui_vma_matches(by->filter, &by->snapshot->vmas->v[i]))
			ui_json_element(&out, vma_json(by, i));
	ui_json_end_array(&out);
	ui_json_member(&out, "nodes", nodes_json(by));
	ui_json_member(&out, "unknown", bytes_json(by, (struct pt_maybe){by->sum[by->nodes.n], true}));
	ui_json_member(&out, "remote", bytes_json(by, by->remote));
	ui_json_member(&out, "process", ui_process_json(by->snapshot));
	return ui_json_end(&out);
}

int ui_vmas_by_node(const struct ui_options *options, struct pt_kernel *k, const struct pt_snapshot *snapshot,
		    struct pt_filter *filter)
{
	struct by by = {.options = options, .snapshot = snapshot, .filter = filter};
	int r = read_nodes(&by, k);
	if (r == UI_OK)
		r = options->json ? print_json(&by) : print_text(&by);
	pt_nodes_free(&by.nodes);
	free(by.threads.v);
	free(by.shares);
	free(by.own);
	free(by.sum);
	free(by.pages);
	return r;
}
