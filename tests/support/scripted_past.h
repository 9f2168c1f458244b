/*
 * A scripted past: the moments and marks that a test puts into it. Any thread may ask it, as of any past.
 */
#ifndef TESTS_SCRIPTED_PAST_H
#define TESTS_SCRIPTED_PAST_H

#include <pthread.h>

#include "core/history/past.h"

#define SCRIPTED_MOMENTS 256
#define SCRIPTED_MARKS   16

struct scripted_past {
	struct pt_past past; /* for the code under test, which does not free it */
	pthread_mutex_t lock;
	struct pt_snapshot *moments[SCRIPTED_MOMENTS];
	size_t n;
	struct pt_mark marks[SCRIPTED_MARKS];
	size_t n_marks;
	int mark_error; /* of `mark`; 0: it works */
	int at_error;   /* of `at` */
};

struct scripted_past *scripted_past_new(void);
/* A reference of its own; seq ascends. */
void scripted_past_push(struct scripted_past *past, struct pt_snapshot *snapshot);
void scripted_past_free(struct scripted_past *past);

#endif
