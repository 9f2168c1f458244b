/*
 * What a hunt found as a report for people, within the columns there are: how much is leaked, what hangs on what, which
 * objects these are, who allocated them; the heap against residency; how it was found, what limits it, and how to go on.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/leaks.h"
#include "tui/commands/leaks_text.h"
#include "tui/commands/text_out.h"
#include "widgets/canvas.h"

#define ROWS      8 /* of each table */
#define BAR       10
#define INDENT    10
#define CUT_LEAST 12
#define KIND_ROOM 2400

/* ---- pieces ----------------------------------------------------------------------------------------------------- */

void ui_leak_paragraph(const struct ui_leaks *l, const char *format, ...)
{
	char raw[2048], text[4096];
	va_list args;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	pt_text_printable(raw, strlen(raw), text, sizeof(text));
	ui_print_wrapped(text, 0, 0, l->width);
}

void ui_leak_heading(const struct ui_leaks *l, const char *columns)
{
	printf("\n%s%s%s\n", l->colours ? "\033[1m" : "", columns, l->colours ? "\033[m" : "");
}

void ui_leak_bar(const struct ui_leaks *l, uint64_t part, uint64_t all)
{
	char bar[4 * BAR + 8];
	ui_text_bar(l->ascii, part, all, BAR, bar, sizeof(bar));
	printf("%s%s%s%*s", l->colours ? "\033[36m" : "", bar, l->colours ? "\033[m" : "", BAR - wg_text_width(bar),
	       "");
}

void ui_leak_cut(const char *text, int columns)
{
	size_t n = strlen(text);
	columns = columns < CUT_LEAST ? CUT_LEAST : columns;
	bool cut = wg_text_width(text) > columns;
	char part[KIND_ROOM];
	if (n >= sizeof(part))
		n = sizeof(part) - 1;
	memcpy(part, text, n);
	part[n] = '\0';
	while (cut && n && wg_text_width(part) + 3 > columns) {
		n--;
		while (n && (part[n] & 0xc0) == 0x80)
			n--;
		part[n] = '\0';
	}
	printf("%s%s\n", part, cut ? "..." : "");
}

static void say_more(uint64_t n, size_t shown, enum ui_leaks_by by)
{
	char more[32];
	if (n > shown)
		printf("%*s%s more: --by %s\n", INDENT, "", ui_leak_exact(n - shown, more, sizeof(more)),
		       ui_leaks_by_name(by));
}

static const char *s_of(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "20,000 objects, 1.2M" */
static char *sum_words(const struct ui_leaks *l, const struct pt_leak_sum *sum, char *ret, size_t size)
{
	char count[32], bytes[24];
	snprintf(ret, size, "%s object%s, %s", ui_leak_exact(sum->count, count, sizeof(count)), s_of(sum->count),
		 ui_leak_bytes(l, sum->bytes, bytes, sizeof(bytes)));
	return ret;
}

/* ---- the answer ------------------------------------------------------------------------------------------------- */

static void print_leaked(const struct ui_leaks *l, const struct pt_leak_sum *sum)
{
	char words[96], pages[64] = "", n[32];
	if (!sum->count) {
		bool surely = !l->view->tiers[PT_LEAK_WEAK].count && !l->view->tiers[PT_LEAK_HIDDEN].count;
		ui_leak_paragraph(l, "%s (%d): nothing is leaked: every object of the heap can be reached%s.", l->name,
				  (int)l->view->pid, surely ? "" : ", or may be, as the suspects below");
		return;
	}
	if (sum->pages)
		snprintf(pages, sizeof(pages), ", on %s page%s", ui_leak_exact(sum->pages, n, sizeof(n)),
			 s_of(sum->pages));
	ui_leak_paragraph(l, "%s (%d): %s%s, %s leaked: nothing points at %s.", l->name, (int)l->view->pid,
			  sum_words(l, sum, words, sizeof(words)), pages, sum->count == 1 ? "is" : "are",
			  sum->count == 1 ? "it" : "them");
}

static void print_share(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	char used[24], objects[32], share[16];
	ui_leak_paragraph(l, "That is %s of the %s in use in %s objects of %s.",
			  ui_text_share(v->tiers[PT_LEAK_LEAKED].bytes, v->heap.used, share, sizeof(share)),
			  ui_leak_bytes(l, v->heap.used, used, sizeof(used)),
			  ui_leak_exact(v->objects_used, objects, sizeof(objects)),
			  v->allocator ? v->allocator : "malloc");
}

static void print_others(const struct ui_leaks *l)
{
	const struct pt_leak_sum *weak = &l->view->tiers[PT_LEAK_WEAK], *hidden = &l->view->tiers[PT_LEAK_HIDDEN];
	char words[96];
	if (weak->count)
		ui_leak_paragraph(
			l,
			"Weak: %s more. Only words left over on a stack, or that point inside at an odd place, "
			"lead there: they may be alive.",
			sum_words(l, weak, words, sizeof(words)));
	if (hidden->count)
		ui_leak_paragraph(
			l,
			"Hidden: %s more. Nothing points there in the clear, but words that look like encoded "
			"pointers do (XOR, tags, offsets): likely alive.",
			sum_words(l, hidden, words, sizeof(words)));
}

/* ---- leaks, groups, sites --------------------------------------------------------------------------------------- */

/* Leaks that are alike, as nodes lost one by one are, make one row. */
struct row {
	const struct pt_leak *first; /* the largest of them */
	uint64_t leaks, bytes, count;
};

/* Rows by kind: a hash table, as there may be a million leaks of a few kinds. */
struct rows {
	struct row *v; /* [room], open addressing; first NULL: nothing is there */
	size_t n, room;
};

static bool is_alike(const struct pt_leak *a, const struct pt_leak *b)
{
	return a->group == b->group && a->most == b->most && (a->count == 1) == (b->count == 1) && a->tier == b->tier &&
	       a->cycle == b->cycle && a->shared == b->shared;
}

/* Where a leak's kind is, or would be. */
static struct row *find_row(const struct rows *rows, const struct pt_leak *leak)
{
	uint64_t hash = ((uint64_t)leak->group << 32 | leak->most) * 0x9e3779b97f4a7c15ull;
	size_t at = (hash >> 32) & (rows->room - 1);
	while (rows->v[at].first && !is_alike(rows->v[at].first, leak))
		at = (at + 1) & (rows->room - 1);
	return &rows->v[at];
}

static bool grow(struct rows *rows)
{
	struct rows larger = {.n = rows->n, .room = rows->room ? 2 * rows->room : 64};
	larger.v = calloc(larger.room, sizeof(*larger.v));
	if (!larger.v)
		return false;
	for (size_t i = 0; i < rows->room; i++)
		if (rows->v[i].first)
			*find_row(&larger, rows->v[i].first) = rows->v[i];
	free(rows->v);
	*rows = larger;
	return true;
}

static bool add_leak(struct rows *rows, const struct pt_leak *leak)
{
	if (2 * rows->n >= rows->room && !grow(rows))
		return false;
	struct row *row = find_row(rows, leak);
	rows->n += !row->first;
	if (!row->first)
		row->first = leak; /* leaks come largest first */
	row->leaks++;
	row->bytes += leak->bytes;
	row->count += leak->count;
	return true;
}

/* Those that are none come last. */
static int by_bytes(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return (x->first > y->first) - (x->first < y->first);
}

/* Those to be shown, most bytes first, malloc'ed. */
static struct row *rows_of(const struct ui_leaks *l, size_t *ret_n)
{
	const struct pt_hunt_view *v = l->view;
	struct rows rows = {0};
	bool fine = true;
	for (size_t i = 0; fine && i < v->n_leaks; i++) {
		const struct pt_leak *leak = &v->leaks[i];
		bool wanted = l->options->tier ? ui_leak_wants(l, leak->tier) : leak->tier == PT_LEAK_LEAKED;
		if (wanted && ui_leak_matches(l, &v->groups[leak->group]))
			fine = add_leak(&rows, leak);
	}
	if (rows.n)
		qsort(rows.v, rows.room, sizeof(*rows.v), by_bytes);
	*ret_n = rows.n;
	return rows.v;
}

/* "40 times 24B, class Node; in a cycle" */
static void print_root(const struct ui_leaks *l, const struct row *row)
{
	const struct pt_hunt_view *v = l->view;
	const struct pt_leak *leak = row->first;
	char size[24], kind[KIND_ROOM], text[KIND_ROOM + 256], n[32];
	size_t at = 0;
	text[0] = '\0';
	if (leak->tier != PT_LEAK_LEAKED)
		at += (size_t)snprintf(text, sizeof(text), "%s: ", pt_leak_tier_name(leak->tier));
	if (row->leaks > 1)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s times ",
				       ui_leak_exact(row->leaks, n, sizeof(n)));
	snprintf(text + at, sizeof(text) - at, "%s, %s%s",
		 ui_leak_bytes(l, v->objects[leak->root].size, size, sizeof(size)),
		 ui_leak_kind(&v->groups[leak->group], kind, sizeof(kind)),
		 leak->cycle    ? "; in a cycle"
		 : leak->shared ? "; other leaks point at it too"
				: "");
	ui_leak_cut(text, l->width - 45);
}

static void print_leak(const struct ui_leaks *l, const struct row *row, uint64_t most)
{
	const struct pt_hunt_view *v = l->view;
	const struct pt_leak *leak = row->first;
	char bytes[24], count[24], size[24], kind[KIND_ROOM], text[KIND_ROOM + 64];
	printf("%8s %8s  ", ui_leak_bytes(l, row->bytes, bytes, sizeof(bytes)),
	       ui_table_number(l->options, row->count, count, sizeof(count)));
	ui_leak_bar(l, row->bytes, most);
	printf("  %-12" PRIx64 "  ", v->objects[leak->root].address);
	print_root(l, row);
	if (leak->most == leak->group || leak->count < 3)
		return;
	snprintf(text, sizeof(text), "most on it: %s, %s",
		 ui_leak_bytes(l, v->groups[leak->most].size, size, sizeof(size)),
		 ui_leak_kind(&v->groups[leak->most], kind, sizeof(kind)));
	printf("%*s", 45, "");
	ui_leak_cut(text, l->width - 45);
}

static void print_leaks(const struct ui_leaks *l)
{
	size_t n = 0;
	struct row *rows = rows_of(l, &n);
	if (rows && n)
		ui_leak_heading(l, "   BYTES  OBJECTS              ROOT          AND WHAT HANGS ON IT");
	for (size_t i = 0; rows && i < n && i < ROWS; i++)
		print_leak(l, &rows[i], rows[0].bytes);
	say_more(n, n < ROWS ? n : ROWS, UI_LEAKS_BY_LEAKS);
	free(rows);
}

static void print_groups(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	char bytes[24], count[24], size[24], kind[KIND_ROOM];
	uint64_t most = 0, n = 0;
	for (size_t i = 0; i < v->n_groups; i++) {
		const struct pt_leak_group *group = &v->groups[i];
		struct pt_leak_sum sum = l->options->tier ? ui_leak_sum(l, group) : group->tiers[PT_LEAK_LEAKED];
		if (!sum.count || !ui_leak_matches(l, group) || n++ >= ROWS)
			continue;
		if (n == 1)
			ui_leak_heading(l, "   BYTES  OBJECTS                EACH  KIND OF OBJECT");
		most = most ? most : sum.bytes;
		printf("%8s %8s  ", ui_leak_bytes(l, sum.bytes, bytes, sizeof(bytes)),
		       ui_table_number(l->options, sum.count, count, sizeof(count)));
		ui_leak_bar(l, sum.bytes, most);
		printf("  %6s  ", ui_leak_bytes(l, group->size, size, sizeof(size)));
		ui_leak_cut(ui_leak_kind(group, kind, sizeof(kind)), l->width - 39);
	}
	if (n)
		say_more(n, n < ROWS ? (size_t)n : ROWS, UI_LEAKS_BY_GROUPS);
}

static void print_sites(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	char bytes[24], leaked[24], samples[24], size[24];
	uint64_t n = 0;
	if (ui_leak_no_sites(l)) {
		putchar('\n');
		ui_leak_paragraph(l, "There are no call sites: %s.", ui_leak_no_sites(l));
	}
	for (size_t i = 0; i < v->n_sites; i++) {
		const struct pt_leak_site *site = &v->sites[i];
		if (!ui_leak_site_matches(l, site) || !site->leaked || n++ >= ROWS)
			continue;
		if (n == 1)
			ui_leak_heading(l, "   BYTES   LEAKED   SEEN    EACH  WHO ALLOCATED IT (SAMPLES)");
		printf("%8s %8s %6s  %6s  ", ui_leak_bytes(l, site->bytes, bytes, sizeof(bytes)),
		       ui_table_number(l->options, site->leaked, leaked, sizeof(leaked)),
		       ui_table_number(l->options, site->samples, samples, sizeof(samples)),
		       ui_leak_bytes(l, site->size, size, sizeof(size)));
		char *chain = ui_leak_chain(l, site, 3 * (size_t)(l->width - 40));
		ui_print_wrapped(chain ? chain : "?", 34, 34, l->width);
		free(chain);
	}
	if (n) {
		say_more(n, n < ROWS ? (size_t)n : ROWS, UI_LEAKS_BY_SITES);
	} else if (l->options->sites_ns && !ui_leak_no_sites(l)) {
		putchar('\n');
		ui_leak_paragraph(
			l, "There are no call sites: no allocation that leaked was seen while they were watched. "
			   "--sites=SECONDS watches longer.");
	}
	if (l->options->sites_ns && !ui_leak_no_sites(l) && v->heap.n_mmapped)
		ui_leak_paragraph(l, "Large objects, which malloc maps alone, are never among them: pagetop faults "
				     "says by which stack such memory is first touched.");
}

/* ---- how it was found, and how to go on -------------------------------------------------------------------------- */

static void print_work(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	char took[24], longest[24], all[24];
	putchar('\n');
	pt_text_ns(v->ns, took, sizeof(took));
	pt_text_ns(v->stopped_ns_max, longest, sizeof(longest));
	if (v->stopped_all_ns)
		ui_leak_paragraph(l, "Found in %u pass%s, %s; the whole process was stopped for %s (--stop).",
				  v->passes, v->passes == 1 ? "" : "es", took,
				  pt_text_ns(v->stopped_all_ns, all, sizeof(all)));
	else
		ui_leak_paragraph(
			l,
			"Found in %u pass%s over the running process, %s; %s. No thread was stopped for longer "
			"than %s, to read its registers.",
			v->passes, v->passes == 1 ? "" : "es", took,
			!v->converged    ? "the last still changed something"
			: v->passes == 1 ? "one was enough"
					 : "the last changed nothing",
			longest);
}

static void print_limits(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	if (v->why)
		ui_leak_paragraph(l, "What limits this: %s.", v->why);
	if (!v->converged && !v->stopped_all_ns)
		ui_leak_paragraph(l,
				  "More passes (--passes N) or one over the stopped process (--stop) would tell more.");
}

/* A command line, and what it is for. */
static void hint(const struct ui_leaks *l, const char *arguments, const char *what)
{
	int at = printf("  pagetop leaks -p %d %s", (int)l->view->pid, arguments), column = 46;
	if (at > column - 2)
		at = printf("\n") - 1;
	printf("%*s", column - at, "");
	ui_print_wrapped(what, column, column, l->width);
}

static void print_next(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	char why[64];
	putchar('\n');
	if (v->n_leaks) {
		snprintf(why, sizeof(why), "--why %" PRIx64, v->objects[v->leaks[0].root].address);
		hint(l, why, "what is in it, who points at it");
		if (!l->options->sites_ns)
			hint(l, "--sites", "which calls allocate what leaks");
	}
	hint(l, "--snapshots", "what one action leaves behind");
	if (v->n_leaks)
		hint(l, "-J --objects", "every object, for scripts");
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static void print_verdict(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	print_leaked(l, &v->tiers[PT_LEAK_LEAKED]);
	if (v->tiers[PT_LEAK_LEAKED].count && v->heap.used)
		print_share(l);
	print_others(l);
	print_leaks(l);
	print_groups(l);
	print_sites(l);
	ui_leaks_heap(l);
	print_work(l);
	print_limits(l);
	print_next(l);
}

void ui_leaks_report(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	if (v->verdict) {
		print_verdict(l);
		return;
	}
	ui_leak_paragraph(l, "%s (%d): no verdict on leaks: %s.", l->name, (int)v->pid,
			  v->why ? v->why : "of its allocator it is not known which objects there are");
	if (v->heap.system)
		ui_leaks_heap(l);
	ui_leaks_growth(l);
}
