/*
 * See family.h. There are few of them at a time: they are looked for one by one.
 */
#include "core/perf/family.h"

#include <errno.h>
#include <stdlib.h>

static struct pt_relative *find(const struct pt_family *family, pid_t pid)
{
	for (size_t i = 0; i < family->n; i++)
		if (family->members[i].pid == pid)
			return &family->members[i];
	return NULL;
}

static int add(struct pt_family *family, pid_t pid)
{
	if (family->n == family->room) {
		size_t room = family->room ? 2 * family->room : 8;
		struct pt_relative *members = realloc(family->members, room * sizeof(*members));
		if (!members)
			return -ENOMEM;
		family->members = members;
		family->room = room;
	}
	family->members[family->n++] = (struct pt_relative){.pid = pid, .tasks = 1};
	return 0;
}

int pt_family_init(struct pt_family *family, pid_t pid)
{
	*family = (struct pt_family){0};
	return add(family, pid);
}

void pt_family_free(struct pt_family *family)
{
	free(family->members);
	*family = (struct pt_family){0};
}

bool pt_family_has(const struct pt_family *family, pid_t pid)
{
	return find(family, pid);
}

void pt_family_drop(struct pt_family *family, pid_t pid)
{
	struct pt_relative *member = find(family, pid);
	if (member && member != family->members)
		*member = family->members[--family->n];
}

int pt_family_learn(struct pt_family *family, const struct pt_perf_record *record)
{
	struct pt_relative *member = find(family, record->pid);
	if (record->what == PT_PERF_FORK && record->pid == record->parent && member)
		member->tasks++;
	else if (record->what == PT_PERF_FORK && !member && pt_family_has(family, record->parent))
		return add(family, record->pid);
	else if (record->what == PT_PERF_EXIT && member && --member->tasks == 0)
		pt_family_drop(family, record->pid);
	return 0;
}
