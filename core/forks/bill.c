/*
 * See bill.h.
 */
#include "core/forks/bill.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text/text.h"

#define STEADY 1024.0 /* bytes a second that are no rate */

void pt_forks_bill(const struct pt_forks_look *look, size_t member, struct pt_bill *ret)
{
	const struct pt_forks_member *m = &look->v[member];
	const struct pt_kin_sums *sums = &m->table.sums;
	const double page = (double)(1u << look->page_shift);
	uint64_t copied = pt_kin_copied(sums), all = copied + sums->n[PT_KIN_SHARED];
	struct pt_maybe life = pt_forks_life(look);
	double rate = 0;
	*ret = (struct pt_bill){.one_memory = pt_kin_is_one_memory(sums),
				.copied = copied << look->page_shift,
				.most = (all + sums->n[PT_KIN_UNKNOWN]) << look->page_shift,
				.has_shared = !sums->hidden,
				.shared = all ? (double)sums->n[PT_KIN_SHARED] / (double)all : 1};
	ret->has_rate = pt_forks_rate(m, PT_BILL_RATE_NS, &rate);
	ret->rate = rate > 0 ? rate * page : 0;
	if (!life.known || !m->live_ns.known)
		return;
	ret->left.known = true;
	ret->left.value = life.value > m->live_ns.value ? life.value - m->live_ns.value : 0;
	ret->then = pt_forks_expect(sums, rate, ret->left.value) * page;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* Text that is written bit by bit. */
struct text {
	char *v;
	size_t n, size;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = t->n < t->size ? vsnprintf(t->v + t->n, t->size - t->n, format, args) : 0;
	va_end(args);
	t->n += n > 0 ? (size_t)n : 0;
}

static const char *bytes_of(const struct pt_forks_look *look, uint64_t pages, char *ret, size_t size)
{
	return pt_text_size(pages << look->page_shift, ret, size);
}

/* ": 300M by the parent's writes, 10M by its own, 2M where both wrote" */
static void say_by_whom(struct text *t, const struct pt_forks_look *look, const struct pt_kin_sums *sums)
{
	static const struct {
		enum pt_kin kin;
		const char *words;
	} parts[] = {{PT_KIN_BY_PARENT, "by the parent's writes"},
		     {PT_KIN_BY_CHILD, "by the child's"},
		     {PT_KIN_EITHER, "where both have written"}};
	char size[16];
	const char *before = ": ";
	if (sums->unmarked)
		say(t, ", by whose writes is not known");
	for (size_t i = 0; i < sizeof parts / sizeof *parts && !sums->unmarked; i++) {
		uint64_t n = sums->n[parts[i].kin];
		if (!n)
			continue;
		say(t, "%s%s %s", before, bytes_of(look, n, size, sizeof size), parts[i].words);
		before = ", ";
	}
}

static const char *why_not(int error)
{
	switch (error) {
	case -ESRCH: return "It ended while it was looked at.";
	case -EACCES:
	case -EPERM: return "It may not be looked at.";
	default: return "It could not be read.";
	}
}

static void say_alone(struct text *t, const struct pt_forks_look *look, const struct pt_kin_sums *sums)
{
	char size[16];
	if (sums->n[PT_KIN_CHILD])
		say(t, " %s the child has alone.", bytes_of(look, sums->n[PT_KIN_CHILD], size, sizeof size));
	if (sums->n[PT_KIN_PARENT])
		say(t, " %s the parent has alone.", bytes_of(look, sums->n[PT_KIN_PARENT], size, sizeof size));
	if (sums->n[PT_KIN_UNKNOWN])
		say(t, " Of %s it is not known.", bytes_of(look, sums->n[PT_KIN_UNKNOWN], size, sizeof size));
}

static void say_cost(struct text *t, const struct pt_forks_look *look, const struct pt_forks_member *m)
{
	const struct pt_kin_sums *sums = &m->table.sums;
	uint64_t copied = pt_kin_copied(sums), all = copied + sums->n[PT_KIN_SHARED];
	char size[16], life[24] = "";
	if (m->live_ns.known)
		pt_text_ns(m->live_ns.value, life, sizeof life);
	if (!copied)
		say(t, "Nothing was copied%s%s.", *life ? " in " : "", life);
	else
		say(t, "%s copied%s%s", bytes_of(look, copied, size, sizeof size), *life ? " in " : "", life);
	if (copied) {
		say_by_whom(t, look, sums);
		say(t, ".");
	}
	if (sums->hidden) {
		say(t, " How much is still shared is not known: frame numbers are hidden from this user.");
		return;
	}
	say(t, " %s still shared", bytes_of(look, sums->n[PT_KIN_SHARED], size, sizeof size));
	if (all) /* rounded down: all of it only where it is all of it */
		say(t, ", %.0f %%", floor(100 * (double)sums->n[PT_KIN_SHARED] / (double)all));
	say(t, ".");
}

char *pt_forks_words(const struct pt_forks_look *look, size_t member, char *ret, size_t size)
{
	const struct pt_forks_member *m = &look->v[member];
	struct text t = {ret, 0, size};
	*ret = '\0';
	if (m->error)
		say(&t, "%s", why_not(m->error));
	else if (m->parent == PT_FORKS_NONE && look->n == 1)
		say(&t, "Nothing is forked from it now.");
	else if (m->parent == PT_FORKS_NONE)
		say(&t, "The others were forked from it.");
	else if (!m->compared)
		say(&t, "Its parent could not be read.");
	else if (pt_kin_is_one_memory(&m->table.sums))
		say(&t, "It uses its parent's memory itself (vfork or CLONE_VM): nothing is ever copied.");
	else {
		say_cost(&t, look, m);
		say_alone(&t, look, &m->table.sums);
	}
	return ret;
}

char *pt_forks_outlook(const struct pt_forks_look *look, size_t member, char *ret, size_t size)
{
	struct pt_bill bill;
	struct text t = {ret, 0, size};
	char amount[16], time[24];
	*ret = '\0';
	if (!look->v[member].compared)
		return ret;
	pt_forks_bill(look, member, &bill);
	if (bill.one_memory)
		return ret;
	if (bill.has_rate && bill.rate >= STEADY)
		say(&t, "%s/s now. ", pt_text_size((uint64_t)bill.rate, amount, sizeof amount));
	else if (bill.has_rate)
		say(&t, "No more is copied now. ");
	if (bill.has_rate && bill.left.known && bill.left.value)
		say(&t, "About %s by its end, if it lives as long as those before it (%s more). ",
		    pt_text_size((uint64_t)bill.then, amount, sizeof amount),
		    pt_text_ns(bill.left.value, time, sizeof time));
	say(&t, "If all is written to in the end: %s.", pt_text_size(bill.most, amount, sizeof amount));
	return ret;
}
