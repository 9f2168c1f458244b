/*
 * The program of tests/live/sites, run and hunted: whether the call sites that a hunt gives are those it says itself.
 */
#ifndef TESTS_SITED_H
#define TESTS_SITED_H

#include "core/hunt/view.h"
#include "tests/live/sites/truth.h"

struct sited {
	pid_t pid;
	struct truth *truth;
};

struct sited_result {
	unsigned right, wrong;   /* objects whose site is given */
	unsigned named, leaking; /* sites: that some right object names; that have leaked */
	unsigned accused;        /* sites given that have not leaked */
};

/* Arguments after FD. Waits until it runs. False: it cannot be run. */
bool sited_start(struct sited *s, const char *program, const char *const *arguments);
void sited_end(struct sited *s);
/* It must have been looked at; names are site_NN. */
struct sited_result sited_judge(const struct sited *s, const struct pt_hunt_view *view);

#endif
