/*
 * See near.h: letters to insert, drop or change (Levenshtein). Words are short.
 */
#include "core/text/near.h"

#include <string.h>

#define LONGEST 31
#define MOST    2 /* letters that a word may be off by */

static unsigned distance_of(const char *a, size_t size, const char *b)
{
	unsigned row[LONGEST + 1], n = (unsigned)strlen(b);

	if (n > LONGEST || size > LONGEST)
		return LONGEST;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; i <= size; i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned change = corner + (a[i - 1] != b[j - 1]);
			unsigned skip = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			corner = row[j];
			row[j] = change < skip ? change : skip;
		}
	}
	return row[n];
}

void pt_near_try(struct pt_near *near, const char *candidate)
{
	unsigned distance = distance_of(near->word, near->size, candidate);
	if (distance > MOST || distance >= strlen(candidate) || (near->best && distance >= near->distance))
		return;
	near->best = candidate;
	near->distance = distance;
}
