/*
 * Rounds over all addresses; see sweep.h.
 */
#include "core/scan/sweep.h"

#include <string.h>

void pt_sweep_all(struct pt_sweep *s, uint64_t ns)
{
	s->at = 0;
	s->n_now = 0;
	s->n_before = 1;
	s->before[0] = (struct pt_sweep_part){PT_SWEEP_END, ns};
}

void pt_sweep_reached(struct pt_sweep *s, uint64_t end, uint64_t ns)
{
	if (s->n_now == PT_SWEEP_PARTS)
		s->now[s->n_now - 1].end = end;
	else
		s->now[s->n_now++] = (struct pt_sweep_part){end, ns};
	s->at = end;
	if (end != PT_SWEEP_END)
		return;
	memcpy(s->before, s->now, s->n_now * sizeof(*s->now));
	s->n_before = s->n_now;
	s->n_now = 0;
	s->at = 0;
}

uint64_t pt_sweep_oldest(const struct pt_sweep *s)
{
	for (size_t i = 0; i < s->n_before; i++)
		if (s->before[i].end > s->at)
			return s->before[i].ns; /* later parts of a round are younger */
	return 0;
}

uint64_t pt_sweep_newest(const struct pt_sweep *s)
{
	if (s->n_now)
		return s->now[s->n_now - 1].ns;
	return s->n_before ? s->before[s->n_before - 1].ns : 0;
}
