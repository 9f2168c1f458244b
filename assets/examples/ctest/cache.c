/*
 * A cache that is filled and then used for a second. What it hands out is given back, unless LEAK is set in the
 * environment: so one can see the test fail.
 */
#include "pagetop-mark.h"

static char *filled(size_t size)
{
	char *memory = malloc(size);
	return memory ? memset(memory, 1, size) : NULL;
}

int main(void)
{
	char *cache = filled(16 << 20);
	pagetop_mark("warm");
	for (int use = 0; cache && use < 100; use++) {
		char *answer = filled(128 << 10);
		usleep(10000);
		if (!getenv("LEAK"))
			free(answer);
	}
	free(cache);
	return 0;
}
