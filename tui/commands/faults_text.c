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
#include "tui/commands/table_out.h"
#include "tui/commands/text_out.h"
#include "widgets/canvas.h"

#define ROWS        8 /* of each table */
#define STACKS      6
#define BAR_SMALL   10
#define BAR_MOST    40
#define NAME_ROOM   400
#define STACK_LINES 3    /* that a chain of calls may take */
#define INDENT      10   /* of what stands below a row */
#define SAMPLES     4    /* of CPU time in faults, from which on they say something */
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
	ui_text_bar(f->ascii, part, all, columns, bar, sizeof(bar));
	printf("%s%s%s", f->colours ? "\033[36m" : "", bar, f->colours ? "\033[m" : "");
	if (padded)
		printf("%*s", (int)columns - wg_text_width(bar), "");
}

/* A raw name, printable, in so many columns at most: of a path that is too long its last parts. How many it took. */
static int print_name(const char *raw, int columns)
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
	printf("%s%s", cut ? "..." : "", part ? part : from);
	return (cut ? 3 : 0) + wg_text_width(part ? part : from);
}

static const char *number(const struct ui_faults *f, uint64_t n, char *ret, size_t size)
{
	return ui_table_number(f->options, n, ret, size);
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
		  number(f, c->major, major, sizeof(major)), c->kernel ? " " : "",
		  c->kernel ? number(f, c->kernel, kernel, sizeof(kernel)) : "",
		  c->kernel ? " of all came in system calls." : "");
}

static void print_time(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char time[24], n[24];
	if (!v->cpu_ns.known || !v->faults_ns.known || !v->cpu_ns.value)
		return;
	if (v->fault_samples < SAMPLES)
		paragraph(f, "Hardly any of its CPU time (%s) was seen to go into them.",
			  pt_text_ns(v->cpu_ns.value, time, sizeof(time)));
	else
		paragraph(f, "About %.1f %% of its CPU time went into them, %s (%s samples).",
			  100 * (double)v->faults_ns.value / (double)v->cpu_ns.value,
			  pt_text_ns(v->faults_ns.value, time, sizeof(time)),
			  number(f, v->fault_samples, n, sizeof(n)));
}

/* What is missing from the tables below. */
static void print_missing(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	char n[24];
	if (v->totals.lost || v->totals.damaged)
		paragraph(f, "%s that were told were lost: they came faster than pagetop could take them.",
			  number(f, v->totals.lost + v->totals.damaged, n, sizeof(n)));
	if (v->unread)
		paragraph(f, "Of %s there was no time to look at the page: their kind is unknown.",
			  number(f, v->unread, n, sizeof(n)));
	if (v->left_out)
		paragraph(f, "Of %s there was no room in the tables.", number(f, v->left_out, n, sizeof(n)));
	if (!v->totals.kernel_mode && !f->recorded)
		paragraph(f, "Faults in system calls, as in read(), are not seen: that takes CAP_PERFMON (or root, or "
			     "kernel.perf_event_paranoid at 1 or below).");
}

static void print_worth(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	const struct pt_fault_totals *t = &v->totals;
	char n[24];
	if (is_estimate(v) && v->all.events)
		paragraph(f,
			  "These are estimates: at worst one fault in %" PRIu64 " was told (--period 1: each of them).",
			  v->period_most > v->period ? v->period_most : v->period);
	print_missing(f);
	if (is_estimate(v) || t->lost)
		paragraph(f, "The kernel itself counted %s, those of children included.",
			  number(f, t->minor + t->major, n, sizeof(n)));
	if (v->children.events)
		paragraph(f, "Processes that it forked had %s more, which are not looked into here.",
			  number(f, v->children.events, n, sizeof(n)));
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
		       ui_text_share(c->kinds[kind], c->events, share, sizeof(share)),
		       pt_fault_kind_words((enum pt_fault_kind)kind));
		print_bar(f, c->kinds[kind], most, bar_room(f, 43), false);
		putchar('\n');
	}
}

/* ---- where, and who --------------------------------------------------------------------------------------------- */

/* Which stack a VMA grew by most, as far as the line goes. */
static void print_grower(const struct ui_faults *f, uint64_t start)
{
	const struct pt_fault_view *v = f->view;
	const struct pt_fault_stack_row *stack = NULL;
	for (size_t i = 0; i < v->n_growers && !stack; i++)
		if (v->growers[i].start == start)
			stack = ui_fault_stack(v, v->growers[i].stack);
	char *chain = stack ? ui_fault_chain(f, stack, (size_t)f->width - 13) : NULL;
	if (chain && chain[0])
		printf("%*sby %s\n", 10, "", chain);
	free(chain);
}

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
		       ui_text_share(row->counts.events, v->all.events, share, sizeof(share)));
		print_bar(f, row->counts.events, v->all.events, BAR_SMALL, true);
		printf(" %6s  %-12" PRIx64 " ", row->born ? size_words(f, row->born, born, sizeof(born)) : "",
		       row->start);
		int left = f->width - 50 - print_name(ui_fault_vma_name(row), f->width - 50);
		ui_fault_kinds(&row->counts, kinds, sizeof(kinds));
		if ((int)strlen(kinds) + 2 <= left)
			printf("  %s\n", kinds);
		else
			printf("\n%*s%s\n", 36, "", kinds);
		print_grower(f, row->start);
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
		       ui_text_share(row->counts.events, v->all.events, share, sizeof(share)));
		print_bar(f, row->counts.events, v->all.events, BAR_SMALL, true);
		node[0] = '\0';
		if (row->node > 0)
			snprintf(node, sizeof(node), " node %d", row->node);
		printf(" %6u%s  %-8d ", row->cpu, node, (int)row->tid);
		print_name(row->name[0] ? row->name : "?", f->width - 46);
		putchar('\n');
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
		ui_text_share(v->cpus[i].counts.events, v->all.events, share, sizeof(share));
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

/* Adjoining pages to which the same happens are one to people. */
struct run {
	const struct pt_fault_repeater *first; /* of n in a row, by address */
	size_t n;
	uint64_t events;
};

static int by_address(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	return (x->first->address > y->first->address) - (x->first->address < y->first->address);
}

static int by_events(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	return x->events != y->events ? (x->events < y->events) - (x->events > y->events) : by_address(a, b);
}

static bool goes_on(const struct ui_faults *f, const struct run *run, const struct pt_fault_repeater *r)
{
	const struct pt_fault_repeater *first = run->first;
	return r->address == first->address + run->n * f->page_size && r->kind == first->kind &&
	       r->cause == first->cause && r->locked == first->locked && r->backs_off == first->backs_off;
}

/* How many there are in ret, those that fault most first. */
static size_t make_runs(const struct ui_faults *f, struct run *ret)
{
	const struct pt_fault_view *v = f->view;
	size_t all = 0, n = 0;
	for (size_t i = 0; i < v->n_repeaters; i++)
		if (ui_fault_matches(f, v->repeaters[i].name))
			ret[all++] = (struct run){&v->repeaters[i], 1, v->repeaters[i].events};
	if (all)
		qsort(ret, all, sizeof(*ret), by_address);
	for (size_t i = 0; i < all; i++) {
		if (!n || !goes_on(f, &ret[n - 1], ret[i].first)) {
			ret[n++] = ret[i];
			continue;
		}
		ret[n - 1].n++;
		ret[n - 1].events += ret[i].events;
	}
	if (n)
		qsort(ret, n, sizeof(*ret), by_events);
	return n;
}

/* "Copied on write every 500 ms, ever more seldom; it is locked in memory." */
static void print_rhythm(const struct ui_faults *f, const struct run *run)
{
	const struct pt_fault_repeater *r = run->first;
	char every[24], words[256], each[64] = "", n[24];
	const char *kind = pt_fault_kind_words(r->kind);
	if (run->n > 1)
		snprintf(each, sizeof(each),
			 "Each about %s times: ", number(f, (run->events + run->n / 2) / run->n, n, sizeof(n)));
	snprintf(words, sizeof(words), "%s%c%s%s%s%s%s.", each, run->n > 1 ? kind[0] : kind[0] & ~0x20, kind + 1,
		 r->interval_ns ? " every " : "",
		 r->interval_ns ? pt_text_ns(r->interval_ns, every, sizeof(every)) : "",
		 r->backs_off ? ", ever more seldom" : "",
		 !r->locked   ? ""
		 : run->n > 1 ? "; they are locked in memory"
			      : "; it is locked in memory");
	print_below(f, words);
}

static void print_run(const struct ui_faults *f, const struct run *run)
{
	const struct pt_fault_repeater *r = run->first;
	char n[24], pages[40] = "";
	if (run->n > 1)
		snprintf(pages, sizeof(pages), "%zu pages from ", run->n);
	printf("%8s  %s%" PRIx64 "  ", number(f, run->events, n, sizeof(n)), pages, r->address);
	print_name(r->name && r->name[0] ? r->name : "memory without a name",
		   f->width - INDENT - 18 - (int)strlen(pages));
	putchar('\n');
	print_rhythm(f, run);
	if (r->text)
		print_below(f, r->text);
	print_chain(f, ui_fault_stack(f->view, r->stack));
}

static void print_repeaters(const struct ui_faults *f)
{
	struct run *runs = calloc(f->view->n_repeaters + 1, sizeof(*runs));
	size_t n = runs ? make_runs(f, runs) : 0;
	if (n)
		heading(f, "  FAULTS  PAGES THAT FAULT AGAIN AND AGAIN");
	for (size_t i = 0; i < n && i < ROWS; i++)
		print_run(f, &runs[i]);
	say_more(f, n, n < ROWS ? n : ROWS, UI_BY_REPEATER);
	free(runs);
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

static uint64_t still_of(const struct pt_fault_stack_row *row)
{
	return row->still_known ? row->still : row->born;
}

static int by_still(const void *a, const void *b)
{
	const struct pt_fault_stack_row *x = a, *y = b;
	if (still_of(x) != still_of(y))
		return still_of(x) < still_of(y) ? 1 : -1;
	return (x->counts.events < y->counts.events) - (x->counts.events > y->counts.events);
}

static void print_stack(const struct ui_faults *f, const struct pt_fault_stack_row *row, uint64_t most)
{
	char born[24], still[24], n[24];
	printf("%8s %8s  ", row->still_known ? size_words(f, row->still, still, sizeof(still)) : "?",
	       size_words(f, row->born, born, sizeof(born)));
	print_bar(f, still_of(row), most, BAR_SMALL, true);
	printf("  %s faults\n", number(f, row->counts.events, n, sizeof(n)));
	print_chain(f, row);
}

/* What RSS grew by and the faults that were seen do not account for. */
static void print_unseen(const struct ui_faults *f, uint64_t seen)
{
	const struct pt_fault_view *v = f->view;
	uint64_t grew = f->rss_to.value > f->rss_from.value ? f->rss_to.value - f->rss_from.value : 0;
	char all[24], part[24];
	if (!f->rss_from.known || !f->rss_to.known || f->filter || !grew)
		return;
	if (grew > seen && (double)(grew - seen) > UNSEEN * (double)grew)
		paragraph(f,
			  "RSS grew by %s, of which %s came by these faults. Not in that is %s%smemory that comes with "
			  "MAP_POPULATE or mlock, and pages of files that are mapped along.",
			  size_words(f, grew, all, sizeof(all)), size_words(f, seen, part, sizeof(part)),
			  v->all.kinds[PT_FAULT_UNKNOWN] ? "what came by those of unknown kind, " : "",
			  v->totals.lost ? "what came by those that were lost, " : "");
	else
		paragraph(f, "RSS grew by %s meanwhile.", size_words(f, grew, all, sizeof(all)));
}

static void print_grown(const struct ui_faults *f, const struct pt_fault_stack_row *rows, size_t n)
{
	size_t shown = 0;
	for (; shown < n && shown < STACKS && rows[shown].born; shown++) {
		if (!shown)
			heading(f, "   STILL      NEW              WHO GREW RSS: THE STACKS THAT FIRST TOUCHED PAGES");
		print_stack(f, &rows[shown], still_of(&rows[0]));
	}
	if (!shown)
		return;
	say_more(f, n, shown, UI_BY_STACK);
	paragraph(f, "Who grew RSS is not who leaked: allocators hand the same pages out again.");
}

/* Where nothing grew. */
static void print_busiest(const struct ui_faults *f, const struct pt_fault_stack_row *rows, size_t n)
{
	char number_of[24], share[16];
	if (!n || rows[0].born)
		return;
	heading(f, "  FAULTS                  STACKS");
	for (size_t i = 0; i < n && i < STACKS; i++) {
		printf("%8s %6s  ", number(f, rows[i].counts.events, number_of, sizeof(number_of)),
		       ui_text_share(rows[i].counts.events, f->view->all.events, share, sizeof(share)));
		print_bar(f, rows[i].counts.events, f->view->all.events, BAR_SMALL, false);
		putchar('\n');
		print_chain(f, &rows[i]);
	}
	say_more(f, n, n < STACKS ? n : STACKS, UI_BY_STACK);
}

static bool same_calls(const struct pt_fault_stack_row *a, const struct pt_fault_stack_row *b)
{
	char x[NAME_ROOM], y[NAME_ROOM];
	bool same = a->n_calls == b->n_calls && a->complete == b->complete;
	for (size_t i = 0; same && i < a->n_calls; i++)
		same = strcmp(ui_fault_call_name(&a->calls[i], x, sizeof(x)),
			      ui_fault_call_name(&b->calls[i], y, sizeof(y))) == 0;
	return same;
}

/* Stacks that differ in addresses alone are one to people. `rows` borrow from the view. Returns how many are left. */
static size_t join_stacks(const struct ui_faults *f, struct pt_fault_stack_row *rows)
{
	const struct pt_fault_view *v = f->view;
	size_t n = 0;
	for (size_t i = 0; i < v->n_stacks; i++) {
		const struct pt_fault_stack_row *row = &v->stacks[i];
		size_t k = 0;
		if (!ui_fault_stack_matches(f, row))
			continue;
		while (k < n && !same_calls(&rows[k], row))
			k++;
		if (k == n) {
			rows[n++] = *row;
			continue;
		}
		rows[k].counts.events += row->counts.events;
		rows[k].born += row->born;
		rows[k].still += row->still;
		rows[k].still_known = rows[k].still_known && row->still_known;
	}
	return n;
}

static bool has_names(const struct pt_fault_stack_row *rows, size_t n)
{
	bool named = !n;
	for (size_t i = 0; i < n && !named; i++)
		for (size_t k = 0; k < rows[i].n_calls && !named; k++)
			named = rows[i].calls[k].symbol || rows[i].calls[k].module;
	return named;
}

static void print_stacks(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	struct pt_fault_stack_row *rows = calloc(v->n_stacks + 1, sizeof(*rows));
	size_t n = rows ? join_stacks(f, rows) : 0;
	uint64_t seen = 0;
	if (n)
		qsort(rows, n, sizeof(*rows), by_still);
	print_grown(f, rows, n);
	print_busiest(f, rows, n);
	if ((v->ended || f->ended) && !has_names(rows, n))
		paragraph(f, "It ended before names of its calls could be asked for.");
	for (size_t i = 0; i < n; i++)
		seen += still_of(&rows[i]);
	for (size_t i = 0; !n && i < v->n_vmas; i++)
		seen += v->vmas[i].born;
	print_unseen(f, seen);
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
