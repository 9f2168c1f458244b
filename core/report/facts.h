/*
 * The facts of one page as rows for people: group, name, value and half a sentence of meaning. The page command and
 * the page screen show the same rows. Pure; everything in a row is printable.
 */
#ifndef PT_REPORT_FACTS_H
#define PT_REPORT_FACTS_H

#include "core/explain/explain.h"

#define PT_FACTS_MAX 104

struct pt_fact {
	const char *group; /* "Mapping": static storage, equal for neighbours of one group */
	char name[24];
	char value[288];
	char note[160]; /* "" if there is nothing to add */
};

struct pt_fact_list {
	size_t n;
	struct pt_fact v[PT_FACTS_MAX];
};

/* Groups Mapping, Page table, Frame, Flags; what is not known is said to be so. */
void pt_facts_list(const struct pt_facts *facts, struct pt_fact_list *ret);

/* Of a frame alone (pt_inspect_frame): groups Frame and Flags. */
void pt_facts_list_frame(const struct pt_facts *facts, struct pt_fact_list *ret);

/* kpageflags of the frame as page-types -r reads them; unknown if the kernel did not give them. */
struct pt_maybe pt_facts_flags(const struct pt_facts *facts);
/* What a flag means; "" where pagetop does not know. Static storage. */
const char *pt_flag_what(int bit);

#endif
