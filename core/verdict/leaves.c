/*
 * The functions of series, over the points that lie in their range: see eval.h. Each leaves a finding.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "core/verdict/eval.h"

#define SECOND 1e9

static const struct pt_value unknown = {(double)-INFINITY, (double)INFINITY};

/* Points of a series from a moment to another one. */
struct window {
	struct pt_points points;
	const struct pt_point *v; /* those that lie in it; one at least, where there are points */
	size_t n;
	uint64_t from_ns, to_ns;
};

static void release(struct window *w)
{
	pt_points_free(&w->points);
}

/* ---- findings --------------------------------------------------------------------------------------------------- */

static struct pt_finding *find(struct pt_judge *j, const struct pt_node *node, enum pt_unit unit, struct pt_value value,
			       const struct window *w)
{
	struct pt_judgement *ret = j->judgement;
	if (ret->n_findings == j->room) {
		size_t room = j->room ? 2 * j->room : 4;
		struct pt_finding *v = reallocarray(ret->findings, room, sizeof(*v));
		if (!v) {
			j->error = -ENOMEM;
			return NULL;
		}
		ret->findings = v;
		j->room = room;
	}
	struct pt_finding *f = &ret->findings[ret->n_findings++];
	*f = (struct pt_finding){
		.at = node->at, .size = node->size, .unit = unit, .low = value.low, .high = value.high};
	f->from_ns = w->from_ns;
	f->to_ns = w->to_ns;
	return f;
}

static enum pt_unit unit_of(const struct pt_series *series, bool a_second)
{
	if (series->quantity == PT_QUANTITY_VMAS)
		return a_second ? PT_UNIT_NUMBER_A_SECOND : PT_UNIT_NUMBER;
	return a_second ? PT_UNIT_BYTES_A_SECOND : PT_UNIT_BYTES;
}

/* "heap.anon": roles by the first word for all of them. */
static const char *series_words(const struct pt_series *series, char *ret, size_t size)
{
	const char *quantity = pt_quantity_name(series->quantity), *role = NULL;
	for (size_t i = 0; !role && pt_roles_word(i); i++)
		if (pt_roles_of((struct pt_word){pt_roles_word(i), strlen(pt_roles_word(i))}) == series->roles)
			role = pt_roles_word(i);
	if (series->roles == PT_ROLES_ALL || !role)
		snprintf(ret, size, "%s", quantity);
	else
		snprintf(ret, size, "%s.%s", role, quantity);
	return ret;
}

/* ---- windows ---------------------------------------------------------------------------------------------------- */

static bool moment(struct pt_judge *j, const struct pt_instant *instant, uint64_t *ret)
{
	if (pt_instant_ns(j->trace, instant, ret))
		return true;
	if (instant->nth > 1)
		pt_judge_why(j, 0, "there are fewer than %u marks \"%s\" in this run", instant->nth, instant->label);
	else
		pt_judge_why(j, 0, "there is no mark \"%s\" in this run", instant->label);
	return false;
}

static bool range(struct pt_judge *j, const struct pt_range *range, uint64_t *from, uint64_t *to)
{
	if (!moment(j, &range->from, from) || !moment(j, &range->to, to))
		return false;
	if (*from <= *to)
		return true;
	pt_judge_why(j, 0, "the range is empty: it ends before it begins");
	return false;
}

/* Whether there is any process of those meant. */
static bool is_anybody(struct pt_judge *j, const struct pt_who *who)
{
	for (size_t i = 0; i < j->trace->n_processes; i++)
		if (pt_who_is(j->trace, who, i))
			return true;
	if (who->named && !who->root)
		pt_judge_why(j, 0, "there is no process \"%s\" in this run", who->name);
	else
		pt_judge_why(j, 0, "there is no process in this run");
	return false;
}

/* The points of a series; false: there are none, and why has been said. */
static bool points_of(struct pt_judge *j, const struct pt_series *series, struct pt_points *ret)
{
	char words[80];
	if (!is_anybody(j, &series->who))
		return false;
	int error = pt_series_points(j->trace, series, ret);
	if (error)
		j->error = error;
	else if (!ret->n)
		pt_judge_why(j, 0, "nothing is known of %s", series_words(series, words, sizeof(words)));
	return !error && ret->n;
}

static void note_unread(struct pt_judge *j, const struct pt_series *series, const struct pt_points *points)
{
	char words[80];
	series_words(series, words, sizeof(words));
	if (points->unread == points->processes)
		pt_judge_why(j, 0, "%s was never read: the run was too short, or pagetop doctor says what is missing",
			     words);
	else if (points->unread)
		pt_judge_why(j, 0,
			     "%s is not known of %zu of %zu processes, which ended before their pages were read: say "
			     "of which, as in %s of root",
			     words, points->unread, points->processes, words);
	else
		pt_judge_why(j, 0, "%s was not known yet at some of these moments", words);
}

/* The point nearest to a moment. */
static size_t nearest(const struct pt_points *points, uint64_t ns)
{
	size_t i = pt_points_lower(points, ns);
	if (i == points->n || (i && ns - points->v[i - 1].ns < points->v[i].ns - ns))
		i--;
	return i;
}

/* The points in [from, to], or the one that is nearest to its beginning; release() afterwards. */
static bool open_between(struct pt_judge *j, const struct pt_series *series, struct window *w)
{
	if (!points_of(j, series, &w->points)) {
		release(w);
		return false;
	}
	size_t first = pt_points_lower(&w->points, w->from_ns);
	size_t end = w->to_ns == UINT64_MAX ? w->points.n : pt_points_lower(&w->points, w->to_ns + 1);
	if (first >= end) {
		first = nearest(&w->points, w->from_ns);
		end = first + 1;
	}
	w->v = w->points.v + first;
	w->n = end - first;
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].low != w->v[i].high) {
			note_unread(j, series, &w->points);
			break;
		}
	return true;
}

static bool open_range(struct pt_judge *j, const struct pt_node *node, struct window *w)
{
	*w = (struct window){0};
	return is_anybody(j, &node->series.who) && range(j, &node->range, &w->from_ns, &w->to_ns) &&
	       open_between(j, &node->series, w);
}

/* ---- values of series ------------------------------------------------------------------------------------------- */

/*
 * Between two samples there may have been more: of RSS the kernel keeps the peak of each process, and all of them
 * together held no less than any one of them.
 */
static void at_least_the_kernels(const struct pt_judge *j, const struct pt_node *node, struct pt_value *peak)
{
	const struct pt_series *series = &node->series;
	const struct pt_range *r = &node->range;
	if (series->quantity != PT_QUANTITY_RSS || series->roles != PT_ROLES_ALL || r->from.anchor != PT_AT_START ||
	    r->to.anchor != PT_AT_END || r->from.offset > 0 || r->to.offset < 0)
		return;
	for (size_t i = 0; i < j->trace->n_processes; i++) {
		struct pt_maybe kernels = j->trace->processes[i].peak_rss;
		if (!kernels.known || !pt_who_is(j->trace, &series->who, i))
			continue;
		peak->low = fmax(peak->low, (double)kernels.value);
		peak->high = fmax(peak->high, (double)kernels.value);
	}
}

struct pt_value pt_judge_extreme(struct pt_judge *j, const struct pt_node *node, bool most)
{
	struct window w;
	if (!open_range(j, node, &w))
		return (struct pt_value){0, (double)INFINITY};
	struct pt_value value = {w.v[0].low, w.v[0].high};
	size_t where = 0;
	for (size_t i = 1; i < w.n; i++) {
		if (most ? w.v[i].low > value.low : w.v[i].high < value.high)
			where = i;
		value.low = most ? fmax(value.low, w.v[i].low) : fmin(value.low, w.v[i].low);
		value.high = most ? fmax(value.high, w.v[i].high) : fmin(value.high, w.v[i].high);
	}
	if (most)
		at_least_the_kernels(j, node, &value);
	w.to_ns = w.v[where].ns;
	find(j, node, unit_of(&node->series, false), value, &w);
	release(&w);
	return value;
}

enum pt_answer pt_judge_equals(struct pt_judge *j, const struct pt_node *node, struct pt_value with, bool equal)
{
	struct window w;
	enum pt_answer answer = PT_ANSWER_YES;
	size_t where = 0;
	if (!open_range(j, node, &w))
		return PT_ANSWER_UNDECIDED;
	for (size_t i = 0; i < w.n; i++) {
		enum pt_answer here = pt_value_equal((struct pt_value){w.v[i].low, w.v[i].high}, with);
		here = equal ? here : pt_answer_not(here);
		if (here < answer) {
			answer = here;
			where = i;
		}
	}
	w.to_ns = w.v[where].ns;
	find(j, node, unit_of(&node->series, false), (struct pt_value){w.v[where].low, w.v[where].high}, &w);
	release(&w);
	return answer;
}

static struct pt_value at_moment(struct pt_judge *j, const struct pt_node *node, uint64_t ns)
{
	struct window w = {.from_ns = ns, .to_ns = ns};
	if (!open_between(j, &node->series, &w))
		return (struct pt_value){0, (double)INFINITY};
	const struct pt_point *point = &w.points.v[nearest(&w.points, ns)];
	struct pt_value value = {point->low, point->high};
	w.from_ns = w.to_ns = point->ns;
	find(j, node, unit_of(&node->series, false), value, &w);
	release(&w);
	return value;
}

/* Each point holds until the next one. */
static struct pt_value mean(const struct window *w)
{
	double low = 0, high = 0, time = 0;
	for (size_t i = 0; i + 1 < w->n; i++) {
		double span = (double)(w->v[i + 1].ns - w->v[i].ns);
		low += span * w->v[i].low;
		high += span * w->v[i].high;
		time += span;
	}
	if (time <= 0)
		return (struct pt_value){w->v[0].low, w->v[0].high};
	return (struct pt_value){low / time, high / time};
}

static struct pt_value judge_mean(struct pt_judge *j, const struct pt_node *node)
{
	struct window w;
	if (!open_range(j, node, &w))
		return (struct pt_value){0, (double)INFINITY};
	struct pt_value value = mean(&w);
	find(j, node, unit_of(&node->series, false), value, &w);
	release(&w);
	return value;
}

/* ---- trends ----------------------------------------------------------------------------------------------------- */

/* Of the points that are known exactly; those before the window say what came before. */
static bool trend_of(struct pt_judge *j, const struct window *w, struct pt_trend *ret)
{
	size_t all = (size_t)(w->v - w->points.v) + w->n, n = 0, first = 0;
	uint64_t *t = calloc(all + 1, sizeof(*t));
	double *v = calloc(all + 1, sizeof(*v));
	for (size_t i = 0; t && v && i < all; i++) {
		const struct pt_point *point = &w->points.v[i];
		if (point == w->v)
			first = n;
		if (point->low != point->high)
			continue;
		t[n] = point->ns;
		v[n++] = point->low;
	}
	if (t && v)
		pt_trend_of(t, v, n, first, ret);
	else
		j->error = -ENOMEM;
	free(t);
	free(v);
	return !j->error;
}

static void judge_uneven(struct pt_judge *j, const struct pt_node *node, const struct pt_trend *trend)
{
	char rise[16];
	if (unit_of(&node->series, false) == PT_UNIT_NUMBER)
		snprintf(rise, sizeof(rise), "%.0f", trend->rise);
	else
		pt_text_size((uint64_t)trend->rise, rise, sizeof(rise));
	pt_judge_why(j, trend->need_ns,
		     "it rose by %s, in lumps and by less than before: a leak, or what has not come to rest yet", rise);
}

/* The trend of a call's series, which is in *ret_finding; NULL there: nothing is known of it. */
static struct pt_trend judge_trend(struct pt_judge *j, const struct pt_node *node, struct pt_finding **ret_finding)
{
	struct window w;
	struct pt_trend trend = {.kind = PT_TREND_UNDECIDED};
	*ret_finding = NULL;
	if (!open_range(j, node, &w))
		return trend;
	if (trend_of(j, &w, &trend)) {
		*ret_finding = find(j, node, unit_of(&node->series, true), (struct pt_value){trend.low, trend.high},
				    &w);
		if (trend.kind != PT_TREND_UNDECIDED)
			j->why[0] = '\0'; /* there are enough of those that are known */
		else if (trend.uneven)
			judge_uneven(j, node, &trend);
		else
			pt_judge_why(j, trend.need_ns, "%zu sample%s over %.3g s: too few to tell growth from noise",
				     trend.samples, trend.samples == 1 ? "" : "s",
				     (double)(w.v[w.n - 1].ns - w.v[0].ns) / SECOND);
	}
	if (*ret_finding) {
		(*ret_finding)->has_trend = trend.kind != PT_TREND_UNDECIDED;
		(*ret_finding)->trend = trend;
	}
	release(&w);
	return trend;
}

/* The test decides whether it grows; the interval is for people. */
static struct pt_value judge_slope(struct pt_judge *j, const struct pt_node *node)
{
	struct pt_finding *finding;
	struct pt_trend trend = judge_trend(j, node, &finding);
	struct pt_value value = {trend.slope, trend.slope};
	if (trend.kind == PT_TREND_UNDECIDED)
		value = unknown;
	if (finding) {
		finding->low = value.low;
		finding->high = value.high;
	}
	return value;
}

enum pt_answer pt_judge_plateau(struct pt_judge *j, const struct pt_node *node)
{
	struct pt_finding *finding;
	struct pt_trend trend = judge_trend(j, node, &finding);
	enum pt_answer answer = trend.kind == PT_TREND_UNDECIDED ? PT_ANSWER_UNDECIDED
				: trend.kind == PT_TREND_GROWING ? PT_ANSWER_NO
								 : PT_ANSWER_YES;
	if (finding) {
		finding->unit = PT_UNIT_TRUTH;
		finding->low = finding->high = (double)answer;
	}
	return answer;
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

/* Of one of the two sums that thp_share is made of. */
static bool mean_of(struct pt_judge *j, struct pt_series series, enum pt_quantity quantity, const struct window *of,
		    struct pt_value *ret)
{
	struct window w = {.from_ns = of->from_ns, .to_ns = of->to_ns};
	series.quantity = quantity;
	if (!open_between(j, &series, &w))
		return false;
	*ret = mean(&w);
	release(&w);
	return true;
}

static struct pt_value judge_share(struct pt_judge *j, const struct pt_node *node)
{
	struct window w = {0};
	struct pt_value huge, all, value = {0, 1};
	if (node->at_instant ? !moment(j, &node->instant, &w.from_ns) : !range(j, &node->range, &w.from_ns, &w.to_ns))
		return value;
	w.to_ns = node->at_instant ? w.from_ns : w.to_ns;
	if (!mean_of(j, node->series, PT_QUANTITY_THP, &w, &huge) ||
	    !mean_of(j, node->series, PT_QUANTITY_ANON, &w, &all))
		return value;
	if (all.high <= 0)
		pt_judge_why(j, 0, "it held no anonymous memory of which a share could be huge");
	if (all.low > 0)
		value.high = fmin(1, huge.high / all.low);
	if (all.high > 0)
		value.low = isfinite(all.high) ? fmin(1, huge.low / all.high) : 0;
	find(j, node, PT_UNIT_SHARE, value, &w);
	return value;
}

static struct pt_value judge_born(struct pt_judge *j, const struct pt_node *node)
{
	struct window w = {0};
	struct pt_born born = {.series = &node->series};
	struct pt_value nothing_known = {0, (double)INFINITY};
	if (!is_anybody(j, &node->series.who) || !range(j, &node->born, &born.from_ns, &born.to_ns) ||
	    !moment(j, &node->instant, &born.at_ns))
		return nothing_known;
	if (born.at_ns < born.to_ns) {
		pt_judge_why(j, 0, "the moment of still_present lies before the end of the range of born");
		return nothing_known;
	}
	int error = pt_born_count(j->trace, &born);
	if (error) {
		j->error = error;
		return nothing_known;
	}
	if (born.unread)
		pt_judge_why(j, 0, "the pages of %zu processes were not read", born.unread);
	if (born.bytes.low != born.bytes.high)
		pt_judge_why(j, 0, "some pages were born between two frames, at either side of a mark");
	w.from_ns = born.from_ns;
	w.to_ns = born.at_ns;
	find(j, node, PT_UNIT_PAGES, born.bytes, &w);
	if (!j->born.n)
		j->born = born.grown;
	return born.bytes;
}

/* The marks that a call is about: one, or three in their order. */
static bool heap_marks(struct pt_judge *j, const struct pt_node *node, uint64_t *ret, size_t *ret_n)
{
	*ret_n = node->fn == PT_FN_LEAKED ? 1 : 3;
	if (*ret_n == 1)
		return moment(j, &node->instant, &ret[0]);
	if (!range(j, &node->born, &ret[0], &ret[1]) || !moment(j, &node->instant, &ret[2]))
		return false;
	if (ret[1] <= ret[2])
		return true;
	pt_judge_why(j, 0, "the mark of objects_still lies before the end of the range of born");
	return false;
}

static bool lived_at(const struct pt_trace_process *process, uint64_t ns)
{
	return process->began_ns <= ns && (!process->ended_ns || process->ended_ns > ns);
}

/* Of the processes that lived at the last of these marks. */
static struct pt_value judge_heap(struct pt_judge *j, const struct pt_node *node)
{
	const struct pt_trace_heaps *heaps = j->trace->heaps;
	struct pt_value value = {0, 0}, nothing_known = {0, (double)INFINITY};
	uint64_t at_ns[3];
	char why[160];
	size_t n;
	if (!is_anybody(j, &node->series.who) || !heap_marks(j, node, at_ns, &n))
		return nothing_known;
	if (!heaps) {
		pt_judge_why(j, 0,
			     "nobody looked at heaps: pagetop run does, at the marks; a recording has no contents");
		return nothing_known;
	}
	for (size_t i = 0; i < j->trace->n_processes; i++) {
		double number = 0;
		if (!pt_who_is(j->trace, &node->series.who, i) || !lived_at(&j->trace->processes[i], at_ns[n - 1]))
			continue;
		bool known = n == 1 ? heaps->leaked(heaps->arg, i, at_ns[0], &number, why, sizeof(why))
				    : heaps->still(heaps->arg, i, at_ns, &number, why, sizeof(why));
		if (!known)
			pt_judge_why(j, 0, "%s", why);
		value.low += known ? number : 0;
		value.high += known ? number : (double)INFINITY;
	}
	find(j, node, n == 1 ? PT_UNIT_BYTES : PT_UNIT_NUMBER, value,
	     &(struct window){.from_ns = at_ns[0], .to_ns = at_ns[n - 1]});
	return value;
}

struct pt_value pt_judge_call(struct pt_judge *j, const struct pt_node *node)
{
	uint64_t ns;
	switch (node->fn) {
	case PT_FN_PEAK: return pt_judge_extreme(j, node, true);
	case PT_FN_MIN: return pt_judge_extreme(j, node, false);
	case PT_FN_MEAN: return judge_mean(j, node);
	case PT_FN_SLOPE: return judge_slope(j, node);
	case PT_FN_THP_SHARE: return judge_share(j, node);
	case PT_FN_STILL_PRESENT: return judge_born(j, node);
	case PT_FN_LEAKED:
	case PT_FN_OBJECTS_STILL: return judge_heap(j, node);
	case PT_FN_FINAL: return at_moment(j, node, UINT64_MAX);
	default: break;
	}
	return moment(j, &node->instant, &ns) ? at_moment(j, node, ns) : (struct pt_value){0, (double)INFINITY};
}
