/*
 * The faults of a process as a report for people, within the columns there are: how many and of which kind, where, who,
 * which pages again and again and why, and which stacks the memory grew by.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/faults.h"
#include "tui/commands/text_out.h"
#include "widgets/canvas.h"

#define ROWS        8 /* of each table */
#define STACKS      6
#define BAR_SMALL   10
#define BAR_MOST    40
#define NAME_ROOM   400
#define STACK_LINES 3    /* that a chain of calls may take */
#define INDENT      10   /* of what stands below a row */
#define UNSEEN      0.10 /* share of the growth of RSS that no fault accounts for, from which on that is said */

static double seconds_of(const struct pt_fault_view *v)
{
	return v->to_ns > v->from_ns ? (double)(v->to_ns - v->from_ns) / 1e9 : 0;
}

static bool is_estimate(const struct pt_fault_view *v)
{
	return v->period > 1 || v->period_most > 1;
}

/* ---- pieces ----------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void paragraph(const struct ui_faults *f, const char *format, ...)
{
	char raw[1024], text[2048];
	va_list args;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	pt_text_printable(raw, strlen(raw), text, sizeof(text));
	ui_print_wrapped(text, 0, 0, f->width);
}

static void heading(const struct ui_faults *f, const char *columns)
{
	printf("\n%s%s%s\n", f->colours ? "\033[1m" : "", columns, f->colours ? "\033[m" : "");
}

/* Padded to so many columns where `padded`. */
static void print_bar(const struct ui_faults *f, uint64_t part, uint64_t all, unsigned columns, bool padded)
{
	char bar[4 * BAR_MOST + 8];
	ui_fault_bar(f, part, all, columns, bar, sizeof(bar));
	printf("%s%s%s", f->colours ? "\033[36m" : "", bar, f->colours ? "\033[m" : "");
	if (padded)
		printf("%*s", (int)columns - wg_text_width(bar), "");
}

/* A raw name, printable, in so many columns at most: of a path that is too long its last parts. */
static void print_name(const char *raw, int columns)
{
	char text[NAME_ROOM];
	pt_text_printable(raw, strlen(raw), text, sizeof(text));
	const char *from = text;
	bool cut = wg_text_width(text) > columns;
	while (cut && *from && wg_text_width(from) + 3 > columns) {
		from++;
		while ((*from & 0xc0) == 0x80)
			from++;
	}
	const char *part = cut ? strchr(from, '/') : NULL;
	printf("%s%s\n", cut ? "..." : "", part ? part : from);
}

static const char *number(const struct ui_faults *f, uint64_t n, char *ret, size_t size)
{
	return ui_fault_number(f, n, ret, size);
}

static const char *size_words(const struct ui_faults *f, uint64_t bytes, char *ret, size_t size)
{
	if (f->options->bytes)
		snprintf(ret, size, "%" PRIu64, bytes);
	else
		pt_text_size(bytes, ret, size);
	return ret;
}

static void say_more(const struct ui_faults *f, size_t n, size_t shown, enum ui_faults_by by)
{
	if (n > shown && !f->filter)
		printf("%*s%zu more: --by %s\n", INDENT, "", n - shown, ui_faults_by_name(by));
}

/* ---- how many --------------------------------------------------------------------------------------------------- */

static void print_headline(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char all[24], rate[24], minor[24], major[24], kernel[24], time[24];
	double seconds = seconds_of(v);
	const struct pt_fault_counts *c = &v->all;
	paragraph(f, "%s (%d): %s%s page faults in %s, %s a second%s%s", f->name, (int)v->pid,
		  is_estimate(v) ? "about " : "", number(f, c->events, all, sizeof(all)),
		  pt_text_ns((uint64_t)(seconds * 1e9), time, sizeof(time)),
		  number(f, (uint64_t)llround(seconds > 0 ? (double)c->events / seconds : 0), rate, sizeof(rate)),
		  f->why ? "; " : "", f->why ? f->why : "");
	if (!c->events)
		return;
	paragraph(f, "%s minor: memory was at hand. %s major: something had to be read from a disk.%s%s%s",
		  number(f, c->events - (c->major < c->events ? c->major : c->events), minor, sizeof(minor)),
		  number(f, c->major, major, sizeof(major)), v->totals.kernel_mode ? " " : "",
		  v->totals.kernel_mode ? number(f, c->kernel, kernel, sizeof(kernel)) : "",
		  v->totals.kernel_mode ? " of all came in system calls." : "");
}

static void print_time(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char time[24], n[24];
	if (!v->cpu_ns.known || !v->faults_ns.known || !v->cpu_ns.value)
		return;
	paragraph(f, "About %.1f %% of its CPU time went into them, %s (by %s samples that met one).",
		  100 * (double)v->faults_ns.value / (double)v->cpu_ns.value,
		  pt_text_ns(v->faults_ns.value, time, sizeof(time)), number(f, v->fault_samples, n, sizeof(n)));
}

static void print_worth(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	const struct pt_fault_totals *t = &v->totals;
	char a[24], b[24];
	if (is_estimate(v) && v->all.events)
		paragraph(f,
			  "These are estimates: up to every %" PRIu64 "th fault was told, to keep to the budget. The "
			  "kernel itself counted %s, children included.",
			  v->period_most > v->period ? v->period_most : v->period,
			  number(f, t->minor + t->major, a, sizeof(a)));
	if (t->lost || t->damaged)
		paragraph(f, "%s told faults were lost: they came faster than pagetop could take them.",
			  number(f, t->lost + t->damaged, a, sizeof(a)));
	if (v->unread || v->left_out)
		paragraph(f,
			  "Of %s there was no time to look at the page: their kind is unknown. Of %s there was no room "
			  "in the tables.",
			  number(f, v->unread, a, sizeof(a)), number(f, v->left_out, b, sizeof(b)));
	if (!t->kernel_mode)
		paragraph(f, "Faults in system calls, as in read(), are not seen: that takes CAP_PERFMON (or root, or "
			     "kernel.perf_event_paranoid at 1 or below).");
	if (v->children.events)
		paragraph(f, "Processes that it forked had %s more, which are not looked into here.",
			  number(f, v->children.events, a, sizeof(a)));
	if (v->cpu_share >= 0)
		paragraph(f, "pagetop spent %.1f %% of a core on it.", v->cpu_share * 100);
}

/* ---- kinds ------------------------------------------------------------------------------------------------------ */

static int most_left(const uint64_t *kinds, const bool *done)
{
	int best = -1;
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		if (!done[i] && kinds[i] && (best < 0 || kinds[i] > kinds[best]))
			best = i;
	return best;
}

static unsigned bar_room(const struct ui_faults *f, int taken)
{
	int room = f->width - taken;
	return room < BAR_SMALL ? BAR_SMALL : room > BAR_MOST ? BAR_MOST : (unsigned)room;
}

static void print_kinds(const struct ui_faults *f)
{
	const struct pt_fault_counts *c = &f->view->all;
	bool done[PT_FAULT_KIND_N] = {false};
	char n[24], share[16];
	uint64_t most = 0;
	if (!c->events)
		return;
	heading(f, "  FAULTS         KIND");
	for (int kind; (kind = most_left(c->kinds, done)) >= 0; done[kind] = true) {
		most = most ? most : c->kinds[kind];
		printf("%8s %6s  %-24s ", number(f, c->kinds[kind], n, sizeof(n)),
		       ui_fault_share(c->kinds[kind], c->events, share, sizeof(share)),
		       pt_fault_kind_words((enum pt_fault_kind)kind));
		print_bar(f, c->kinds[kind], most, bar_room(f, 43), false);
		putchar('\n');
	}
}

/* ---- where, and who --------------------------------------------------------------------------------------------- */

static void print_vmas(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char n[24], share[16], born[24], kinds[80];
	size_t shown = 0;
	for (size_t i = 0; i < v->n_vmas && shown < ROWS; i++) {
		const struct pt_fault_vma_row *row = &v->vmas[i];
		if (!ui_fault_matches(f, row->name) && !ui_fault_matches(f, pt_role_name(row->role)))
			continue;
		if (!shown++)
			heading(f, "  FAULTS                     NEW  WHERE");
		printf("%8s %6s  ", number(f, row->counts.events, n, sizeof(n)),
		       ui_fault_share(row->counts.events, v->all.events, share, sizeof(share)));
		print_bar(f, row->counts.events, v->all.events, BAR_SMALL, true);
		printf(" %6s  %-12" PRIx64 " ", row->born ? size_words(f, row->born, born, sizeof(born)) : "",
		       row->start);
		print_name(ui_fault_vma_name(row), f->width - 50);
		ui_fault_kinds(&row->counts, kinds, sizeof(kinds));
		if (row->counts.events)
			printf("%*s%s\n", 36, "", kinds);
	}
	say_more(f, v->n_vmas, shown, UI_BY_VMA);
}

static void print_threads(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char n[24], share[16], node[24];
	size_t shown = 0;
	for (size_t i = 0; v->n_threads > 1 && i < v->n_threads && shown < ROWS; i++) {
		const struct pt_fault_thread_row *row = &v->threads[i];
		if (!ui_fault_matches(f, row->name))
			continue;
		if (!shown++)
			heading(f, "  FAULTS                      CPU  THREAD");
		printf("%8s %6s  ", number(f, row->counts.events, n, sizeof(n)),
		       ui_fault_share(row->counts.events, v->all.events, share, sizeof(share)));
		print_bar(f, row->counts.events, v->all.events, BAR_SMALL, true);
		node[0] = '\0';
		if (row->node > 0)
			snprintf(node, sizeof(node), " node %d", row->node);
		printf(" %6u%s  %-8d ", row->cpu, node, (int)row->tid);
		print_name(row->name[0] ? row->name : "?", f->width - 46);
	}
	if (shown)
		say_more(f, v->n_threads, shown, UI_BY_THREAD);
}

static void print_cpus(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char share[16], text[1024];
	size_t at = 0;
	for (size_t i = 0; i < v->n_cpus && i < ROWS; i++) {
		ui_fault_share(v->cpus[i].counts.events, v->all.events, share, sizeof(share));
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u %s", i ? ", " : "", v->cpus[i].cpu, share);
		if (v->cpus[i].node > 0)
			at += (size_t)snprintf(text + at, sizeof(text) - at, " (node %d)", v->cpus[i].node);
	}
	if (v->n_cpus < 2)
		return;
	putchar('\n');
	paragraph(f, "On CPU %s%s", text, v->n_cpus > ROWS ? ", and on more: --by cpu" : "");
}

/* ---- again and again -------------------------------------------------------------------------------------------- */

static void print_below(const struct ui_faults *f, const char *raw)
{
	char text[2048];
	pt_text_printable(raw, strlen(raw), text, sizeof(text));
	printf("%*s", INDENT, "");
	ui_print_wrapped(text, INDENT, INDENT, f->width);
}

static void print_chain(const struct ui_faults *f, const struct pt_fault_stack_row *row)
{
	char *chain = row ? ui_fault_chain(f, row, (size_t)STACK_LINES * (size_t)(f->width - INDENT - 6)) : NULL;
	if (!chain)
		return;
	printf("%*s", INDENT, "");
	ui_print_wrapped(chain, INDENT, INDENT, f->width);
	free(chain);
}

/* "Copied on write every 500 ms, ever more seldom; it is locked in memory." */
static void print_rhythm(const struct ui_faults *f, const struct pt_fault_repeater *r)
{
	char every[24], words[256];
	const char *kind = pt_fault_kind_words(r->kind);
	snprintf(words, sizeof(words), "%c%s%s%s%s%s.", kind[0] & ~0x20, kind + 1, r->interval_ns ? " every " : "",
		 r->interval_ns ? pt_text_ns(r->interval_ns, every, sizeof(every)) : "",
		 r->backs_off ? ", ever more seldom" : "", r->locked ? "; it is locked in memory" : "");
	print_below(f, words);
}

static void print_repeaters(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char n[24];
	size_t shown = 0;
	for (size_t i = 0; i < v->n_repeaters && shown < ROWS; i++) {
		const struct pt_fault_repeater *r = &v->repeaters[i];
		if (!ui_fault_matches(f, r->name))
			continue;
		if (!shown++)
			heading(f, "  FAULTS  PAGES THAT FAULT AGAIN AND AGAIN");
		printf("%8s  %" PRIx64 "  ", number(f, r->events, n, sizeof(n)), r->address);
		print_name(r->name && r->name[0] ? r->name : "memory without a name", f->width - INDENT - 18);
		print_rhythm(f, r);
		if (r->text)
			print_below(f, r->text);
		print_chain(f, ui_fault_stack(v, r->stack));
	}
	if (shown)
		say_more(f, v->n_repeaters, shown, UI_BY_REPEATER);
}

/* ---- allocations ------------------------------------------------------------------------------------------------ */

static void print_allocations(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char n[24], pages[24], type[24], node[16], text[NAME_ROOM];
	size_t shown = 0;
	if (ui_fault_no_allocations(f)) {
		putchar('\n');
		paragraph(f, "There are no allocations: %s.", ui_fault_no_allocations(f));
	}
	for (size_t i = 0; i < v->n_allocs && shown < ROWS; i++) {
		const struct pt_fault_alloc_row *row = &v->allocs[i];
		if (!ui_fault_matches(f, row->flags) && !ui_fault_matches(f, row->zone))
			continue;
		if (!shown++)
			heading(f, "  ALLOCS    PAGES ORDER TYPE         ZONE     NODE  FLAGS");
		snprintf(node, sizeof(node), row->node < 0 ? "?" : "%d", row->node);
		pt_text_printable(row->zone, strlen(row->zone), text, sizeof(text));
		printf("%8s %8s %5u %-12.12s %-8.8s %4s  ", number(f, row->events, n, sizeof(n)),
		       number(f, row->pages, pages, sizeof(pages)), row->order,
		       ui_fault_migrate_type(row, type, sizeof(type)), text[0] ? text : "?", node);
		pt_text_printable(row->flags ? row->flags : "?", row->flags ? strlen(row->flags) : 1, text,
				  sizeof(text));
		printf("%.*s\n", f->width - 52, text); /* the kernel's words, ASCII */
	}
	say_more(f, v->n_allocs, shown, UI_BY_ALLOCATION);
}

/* ---- growth ----------------------------------------------------------------------------------------------------- */

static int by_still(const void *a, const void *b)
{
	const struct pt_fault_stack_row *x = *(const struct pt_fault_stack_row *const *)a;
	const struct pt_fault_stack_row *y = *(const struct pt_fault_stack_row *const *)b;
	uint64_t nx = x->still_known ? x->still : x->born, ny = y->still_known ? y->still : y->born;
	if (nx != ny)
		return nx < ny ? 1 : -1;
	return (x->counts.events < y->counts.events) - (x->counts.events > y->counts.events);
}

static void print_stack(const struct ui_faults *f, const struct pt_fault_stack_row *row, uint64_t most)
{
	char born[24], still[24], n[24];
	printf("%8s %8s  ", row->still_known ? size_words(f, row->still, still, sizeof(still)) : "?",
	       size_words(f, row->born, born, sizeof(born)));
	print_bar(f, row->still_known ? row->still : row->born, most, BAR_SMALL, true);
	printf("  %s faults\n", number(f, row->counts.events, n, sizeof(n)));
	print_chain(f, row);
}

/* What RSS grew by and no fault that was seen accounts for. */
static void print_unseen(const struct ui_faults *f, uint64_t still)
{
	uint64_t grew = f->rss_to.value > f->rss_from.value ? f->rss_to.value - f->rss_from.value : 0;
	char all[24], seen[24];
	if (!f->rss_from.known || !f->rss_to.known || f->filter || !grew)
		return;
	if (grew > still && (double)(grew - still) > UNSEEN * (double)grew)
		paragraph(
			f,
			"RSS grew by %s, of which %s is in these faults: memory that comes with MAP_POPULATE or mlock, "
			"pages of files that are mapped along, and what was touched before make none.",
			size_words(f, grew, all, sizeof(all)), size_words(f, still, seen, sizeof(seen)));
	else
		paragraph(f, "RSS grew by %s meanwhile.", size_words(f, grew, all, sizeof(all)));
}

static void print_grown(const struct ui_faults *f, const struct pt_fault_stack_row **rows, size_t n)
{
	uint64_t most = 0, still = 0;
	size_t shown = 0;
	for (size_t i = 0; i < n; i++)
		still += rows[i]->still_known ? rows[i]->still : rows[i]->born;
	if (still)
		heading(f, "   STILL      NEW              WHO GREW RSS: THE STACKS THAT FIRST TOUCHED PAGES");
	for (; still && shown < n && shown < STACKS && rows[shown]->born; shown++) {
		const struct pt_fault_stack_row *row = rows[shown];
		most = most ? most : row->still_known ? row->still : row->born;
		print_stack(f, row, most);
	}
	if (shown) {
		say_more(f, n, shown, UI_BY_STACK);
		paragraph(f, "Who grew RSS is not who leaked: allocators hand the same pages out again.");
	}
	print_unseen(f, still);
}

/* Where nothing grew. */
static void print_busiest(const struct ui_faults *f, const struct pt_fault_stack_row **rows, size_t n)
{
	char number_of[24], share[16];
	uint64_t born = 0;
	for (size_t i = 0; i < n; i++)
		born += rows[i]->born;
	if (!n || born)
		return;
	heading(f, "  FAULTS                           STACKS");
	for (size_t i = 0; i < n && i < STACKS; i++) {
		printf("%8s %6s  ", number(f, rows[i]->counts.events, number_of, sizeof(number_of)),
		       ui_fault_share(rows[i]->counts.events, f->view->all.events, share, sizeof(share)));
		print_bar(f, rows[i]->counts.events, f->view->all.events, BAR_SMALL, false);
		putchar('\n');
		print_chain(f, rows[i]);
	}
	say_more(f, n, n < STACKS ? n : STACKS, UI_BY_STACK);
}

static void print_stacks(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	const struct pt_fault_stack_row **rows = calloc(v->n_stacks + 1, sizeof(*rows));
	size_t n = 0;
	for (size_t i = 0; rows && i < v->n_stacks; i++)
		if (ui_fault_stack_matches(f, &v->stacks[i]))
			rows[n++] = &v->stacks[i];
	if (n)
		qsort(rows, n, sizeof(*rows), by_still);
	if (rows) {
		print_grown(f, rows, n);
		print_busiest(f, rows, n);
	}
	free(rows);
	if (ui_fault_no_stacks(f) && v->all.events) {
		putchar('\n');
		paragraph(f, "There are no stacks: %s.", ui_fault_no_stacks(f));
	}
}

void ui_faults_report(const struct ui_faults *f)
{
	print_headline(f);
	print_time(f);
	print_worth(f);
	print_kinds(f);
	print_vmas(f);
	print_threads(f);
	print_cpus(f);
	print_repeaters(f);
	print_stacks(f);
	print_allocations(f);
}
