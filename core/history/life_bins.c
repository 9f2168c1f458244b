/*
 * Ages on the map: what cells cover, out of life. See life.h.
 */
#include "core/history/life.h"

static void add_piece(const struct pt_life *life, struct pt_stretch at, uint64_t since_ns, uint64_t now_ns,
		      struct pt_bin_life *bin, double *age)
{
	struct pt_life_sum sum;
	pt_life_sum(life, at.start, at.end, since_ns, &sum);
	bin->held += sum.pages;
	bin->from_start += sum.from_start;
	bin->changed += sum.changed;
	if (now_ns > sum.mean_born_ns)
		*age += (double)sum.pages * (double)(now_ns - sum.mean_born_ns);
}

void pt_life_bins(const struct pt_life *life, const struct pt_axis *axis, const struct pt_snapshot *s,
		  uint64_t since_ns, uint64_t first, struct pt_bin *bins, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t end = first + bins[i].pages;
		double age = 0;
		bins[i].life = (struct pt_bin_life){.known = true};
		while (first < end) {
			struct pt_stretch at;
			first += pt_axis_piece(axis, s, first, end, &at);
			add_piece(life, at, since_ns, s->monotonic_ns, &bins[i].life, &age);
		}
		if (bins[i].life.held)
			bins[i].life.age_ns = (uint64_t)(age / (double)bins[i].life.held);
	}
}
