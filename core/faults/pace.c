/*
 * See pace.h. What a period is worth is its load: what it makes faults cost, of what they may cost. The period is chosen
 * for a load of at most AIM; one above 1 is too much, and one below a third of AIM too little.
 */
#include "core/faults/pace.h"

#define SECOND_NS 1000000000ull
#define WINDOW_NS 200000000ull    /* that many records are counted over before the period grows */
#define CALM_NS   (2 * SECOND_NS) /* that a smaller period would do for before it shrinks */
#define SMOOTH    0.1             /* of a new figure of what things cost */
#define TYPICAL   50.0            /* faults in a look */
#define OUTLIER   4.0             /* times as much as foreseen */
#define EACH_MIN  100.0           /* ns */
#define AIM       0.75
#define PART      0.6         /* of the budget is for faults */
#define TURN_PART 0.25        /* for looks, whatever they find; the rest is for views */
#define TURN_NS   100000.0    /* what a look costs, before that is known */
#define EVERY_NS  20000000ull /* looks: pages are to be looked at soon after they fault */
#define RARELY_NS 500000000ull

static uint64_t since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

void pt_fault_pace_init(struct pt_fault_pace *p, double budget, uint64_t period, double each_ns, uint64_t wall_ns)
{
	*p = (struct pt_fault_pace){.budget = budget,
				    .period = period,
				    .each_ns = each_ns,
				    .turn_ns = TURN_NS,
				    .balance_ns = budget * (double)SECOND_NS,
				    .wall_ns = wall_ns,
				    .window_ns = wall_ns,
				    .counted_ns = wall_ns,
				    .switched_ns = wall_ns};
}

/*
 * A look costs something by itself, and each fault in it as well: both are corrected by what was not foreseen, each as far
 * as it had to do with it. Reading a module's symbols for the first fault in it says nothing of the next one: outliers
 * count for little.
 */
static void learn(struct pt_fault_pace *p, double spent_ns, double full)
{
	double foreseen = p->turn_ns + p->each_ns * full, wrong = spent_ns - foreseen, part = full / TYPICAL;
	if (wrong > OUTLIER * foreseen)
		wrong = OUTLIER * foreseen;
	double step = SMOOTH * wrong / (1 + part * part);
	p->turn_ns += step;
	p->each_ns += step * part / TYPICAL;
	p->turn_ns = p->turn_ns > 0 ? p->turn_ns : 0;
	p->each_ns = p->each_ns > EACH_MIN ? p->each_ns : EACH_MIN;
}

void pt_fault_pace_settle(struct pt_fault_pace *p, uint64_t wall_ns, uint64_t spent_ns, uint64_t full)
{
	double most = p->budget * (double)SECOND_NS;
	p->balance_ns += p->budget * (double)since(wall_ns, p->wall_ns) - (double)spent_ns;
	p->wall_ns = wall_ns;
	if (p->balance_ns > most)
		p->balance_ns = most;
	if (full)
		learn(p, (double)spent_ns, (double)full);
}

size_t pt_fault_pace_room(const struct pt_fault_pace *p)
{
	return p->balance_ns > 0 ? (size_t)(p->balance_ns / p->each_ns) : 0;
}

uint64_t pt_fault_pace_interval(const struct pt_fault_pace *p)
{
	double ns = p->turn_ns / (p->budget * TURN_PART);
	return ns < (double)EVERY_NS ? EVERY_NS : ns > (double)RARELY_NS ? RARELY_NS : (uint64_t)ns;
}

uint64_t pt_fault_pace_wait(const struct pt_fault_pace *p)
{
	if (p->balance_ns >= 0 || p->budget <= 0)
		return 0;
	return (uint64_t)(-p->balance_ns / p->budget) + 1;
}

/* Of so many faults told in a second. */
static double load_of(const struct pt_fault_pace *p, double told_per_s)
{
	double own = told_per_s * p->each_ns / (double)SECOND_NS / (p->budget * PART);
	double target = p->told_max > 0 ? told_per_s / p->told_max : 0;
	return own > target ? own : target;
}

static uint64_t grown(const struct pt_fault_pace *p, double load)
{
	uint64_t period = p->period;
	while (load > AIM && period < PT_PERIOD_MAX) {
		load /= 2;
		period *= 2;
	}
	return period;
}

static uint64_t shrunk(const struct pt_fault_pace *p, double load)
{
	uint64_t period = p->period;
	while (load <= AIM / 2 && period > 1) {
		load *= 2;
		period /= 2;
	}
	return period;
}

/* A window also ends early, when what came in it is already too much for all of a second. */
uint64_t pt_fault_pace_told(struct pt_fault_pace *p, uint64_t wall_ns, uint64_t records)
{
	uint64_t window = since(wall_ns, p->window_ns);
	p->told += records;
	double load = load_of(p, (double)p->told);
	if (window < WINDOW_NS && load <= 1)
		return p->period;
	if (window)
		load = load_of(p, (double)p->told * (double)SECOND_NS / (double)window);
	p->told = 0;
	p->window_ns = wall_ns;
	return p->fixed || load <= 1 ? p->period : grown(p, load);
}

/* The last change has to have paid off before there is another. */
static bool may_shrink(const struct pt_fault_pace *p, uint64_t wall_ns)
{
	return p->calm_ns && since(wall_ns, p->calm_ns) >= CALM_NS &&
	       (double)since(wall_ns, p->switched_ns) * p->budget / 8 >= p->switch_ns;
}

uint64_t pt_fault_pace_counted(struct pt_fault_pace *p, uint64_t wall_ns, uint64_t faults)
{
	uint64_t elapsed = since(wall_ns, p->counted_ns), n = since(faults, p->counted);
	if (!elapsed || p->fixed)
		return p->period;
	double load = load_of(p, (double)n * (double)SECOND_NS / (double)elapsed / (double)p->period);
	p->counted_ns = wall_ns;
	p->counted = faults;
	if (load > AIM / 3)
		p->calm_ns = 0;
	else if (!p->calm_ns)
		p->calm_ns = wall_ns;
	return may_shrink(p, wall_ns) ? shrunk(p, load) : p->period;
}

void pt_fault_pace_switched(struct pt_fault_pace *p, uint64_t period, uint64_t wall_ns, uint64_t spent_ns)
{
	p->period = period;
	p->switched_ns = wall_ns;
	p->switch_ns = (double)spent_ns;
	p->calm_ns = 0;
	p->told = 0;
	p->window_ns = wall_ns;
}
