/*
 * The list of processes, by libproc2. The library keeps the results of a call until the
 * next one, so everything is copied out at once.
 *
 * What the library gives is taken for what it is: PIDS_CMD comes with its own escapes (a control character is a dot),
 * arguments come raw, and what it could not read is a zero. Those zeros are told from real ones here: PSS counts only
 * when smaps_rollup gave an RSS too.
 *
 * pt_procs owns two library handles (all processes; PSS of some) and the RSS of the list before, by PID and start
 * time, for growth.
 */
#include "core/procs/procs.h"

#include <errno.h>
#include <libproc2/pids.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PT_PIDS_VAL_TAKES_INFO
#define VALUE(item, type, stack, info) ((void)(info), PIDS_VAL(item, type, stack, info))
#else
#define VALUE(item, type, stack, info) ((void)(info), PIDS_VAL(item, type, stack))
#endif

#define PSS_BATCH   64         /* PIDs a call of procps_pids_select takes */
#define KERNEL_TASK 0x00200000 /* PF_KTHREAD in the flags of /proc/PID/stat */

enum list_item { AT_PID, AT_NAME, AT_STATE, AT_FLAGS, AT_START, AT_RSS, AT_SWAP, AT_ARGUMENTS, AT_UID, AT_USER, AT_N };
enum pss_item { PSS_PID, PSS_START, PSS_RSS, PSS_PSS, PSS_N };

struct seen {
	pid_t pid;
	uint64_t start_time, rss;
};

struct pt_procs {
	struct pids_info *list, *pss;
	struct seen *before; /* sorted by PID; NULL before the first list */
	size_t n_before;
};

int pt_procs_new(struct pt_procs **ret)
{
	enum pids_item list[AT_N] = {
		[AT_PID] = PIDS_ID_PID,       [AT_NAME] = PIDS_CMD,
		[AT_STATE] = PIDS_STATE,      [AT_FLAGS] = PIDS_FLAGS,
		[AT_START] = PIDS_TICS_BEGAN, [AT_RSS] = PIDS_MEM_RES,
		[AT_SWAP] = PIDS_VM_SWAP,     [AT_ARGUMENTS] = PIDS_CMDLINE_V,
		[AT_UID] = PIDS_ID_EUID,      [AT_USER] = PIDS_ID_EUSER,
	};
	enum pids_item pss[PSS_N] = {[PSS_PID] = PIDS_ID_PID,
				     [PSS_START] = PIDS_TICS_BEGAN,
				     [PSS_RSS] = PIDS_SMAP_RSS,
				     [PSS_PSS] = PIDS_SMAP_PSS};
	struct pt_procs *procs = calloc(1, sizeof *procs);
	if (!procs)
		return -ENOMEM;
	int error = procps_pids_new(&procs->list, list, AT_N);
	if (error >= 0)
		error = procps_pids_new(&procs->pss, pss, PSS_N);
	if (error < 0) {
		pt_procs_free(procs);
		return error;
	}
	*ret = procs;
	return 0;
}

void pt_procs_free(struct pt_procs *procs)
{
	if (!procs)
		return;
	if (procs->list)
		procps_pids_unref(&procs->list);
	if (procs->pss)
		procps_pids_unref(&procs->pss);
	free(procs->before);
	free(procs);
}

/* Appends text at *used, cut where it ends a character. False once it did not fit. */
static bool append(char *buf, size_t size, size_t *used, const char *text)
{
	const size_t room = size - *used - 1, length = strlen(text);
	size_t n = length;
	if (length > room)
		for (n = room; n && n + 3 > room && ((unsigned char)text[n] & 0xc0) == 0x80;)
			n--;
	memcpy(buf + *used, text, n);
	*used += n;
	buf[*used] = '\0';
	return length <= room;
}

/* The arguments with blanks between; the library gives "-" for none at all (zombies). */
static void copy_command(struct pt_proc *proc, char **arguments)
{
	const bool none = !arguments || !arguments[0] || (!strcmp(arguments[0], "-") && !arguments[1]);
	size_t used = 0;
	if (proc->kernel_thread || none) {
		snprintf(proc->command, sizeof proc->command, "[%s]", proc->name);
		return;
	}
	for (size_t i = 0; arguments[i]; i++)
		if ((i && !append(proc->command, sizeof proc->command, &used, " ")) ||
		    !append(proc->command, sizeof proc->command, &used, arguments[i]))
			return;
}

static struct pt_maybe known(uint64_t value)
{
	return (struct pt_maybe){.value = value, .known = true};
}

static void copy_proc(struct pt_proc *proc, struct pids_stack *stack, struct pids_info *info)
{
	const char *name = VALUE(AT_NAME, str, stack, info), *user = VALUE(AT_USER, str, stack, info);
	size_t used = 0;
	*proc = (struct pt_proc){
		.pid = VALUE(AT_PID, s_int, stack, info),
		.uid = VALUE(AT_UID, u_int, stack, info),
		.start_time = VALUE(AT_START, ull_int, stack, info),
		.state = (char)VALUE(AT_STATE, s_ch, stack, info),
		.kernel_thread = VALUE(AT_FLAGS, ul_int, stack, info) & KERNEL_TASK,
		.rss = known((uint64_t)VALUE(AT_RSS, ul_int, stack, info) * 1024),
		.swap = known((uint64_t)VALUE(AT_SWAP, ul_int, stack, info) * 1024),
	};
	append(proc->name, sizeof proc->name, &used, name ? name : "");
	used = 0;
	append(proc->user, sizeof proc->user, &used, user ? user : "");
	copy_command(proc, VALUE(AT_ARGUMENTS, strv, stack, info));
}

static int by_pid(const void *a, const void *b)
{
	const pid_t x = ((const struct pt_proc *)a)->pid, y = ((const struct pt_proc *)b)->pid;
	return (x > y) - (x < y);
}

/* Both lists are sorted by PID: one walk. A PID that another process has now did not grow. */
static void set_growth(const struct pt_procs *procs, struct pt_proc_list *list)
{
	size_t at = 0;
	for (size_t i = 0; i < list->n; i++) {
		struct pt_proc *proc = list->v + i;
		while (at < procs->n_before && procs->before[at].pid < proc->pid)
			at++;
		if (at < procs->n_before && procs->before[at].pid == proc->pid &&
		    procs->before[at].start_time == proc->start_time)
			proc->growth = known(proc->rss.value - procs->before[at].rss);
	}
}

static int remember(struct pt_procs *procs, const struct pt_proc_list *list)
{
	struct seen *seen = malloc((list->n + 1) * sizeof *seen);
	if (!seen)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++)
		seen[i] = (struct seen){list->v[i].pid, list->v[i].start_time, list->v[i].rss.value};
	free(procs->before);
	procs->before = seen;
	procs->n_before = list->n;
	return 0;
}

int pt_procs_read(struct pt_procs *procs, struct pt_proc_list *ret)
{
	errno = 0;
	const struct pids_fetch *fetch = procps_pids_reap(procs->list, PIDS_FETCH_TASKS_ONLY);
	if (!fetch)
		return errno ? -errno : -EIO;
	struct pt_proc_list list = {.n = (size_t)fetch->counts->total};
	list.v = malloc((list.n + 1) * sizeof *list.v);
	if (!list.v)
		return -ENOMEM;
	for (size_t i = 0; i < list.n; i++)
		copy_proc(list.v + i, fetch->stacks[i], procs->list);
	qsort(list.v, list.n, sizeof *list.v, by_pid);
	set_growth(procs, &list);
	const int error = remember(procs, &list);
	if (error) {
		pt_proc_list_free(&list);
		return error;
	}
	*ret = list;
	return 0;
}

static void set_pss(struct pt_procs *procs, struct pids_stack *stack, struct pt_proc *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].pid == VALUE(PSS_PID, s_int, stack, procs->pss) &&
		    v[i].start_time == VALUE(PSS_START, ull_int, stack, procs->pss) &&
		    VALUE(PSS_RSS, ul_int, stack, procs->pss) > 0)
			v[i].pss = known((uint64_t)VALUE(PSS_PSS, ul_int, stack, procs->pss) * 1024);
}

/* At most PSS_BATCH of them. One that ended meanwhile comes back as zeros or not at all. */
static int read_pss(struct pt_procs *procs, struct pt_proc *v, size_t n)
{
	unsigned pids[PSS_BATCH + 1] = {0};
	for (size_t i = 0; i < n; i++) {
		pids[i] = (unsigned)v[i].pid;
		v[i].pss = (struct pt_maybe){0};
	}
	errno = 0;
	const struct pids_fetch *fetch = procps_pids_select(procs->pss, pids, (int)n, PIDS_SELECT_PID);
	if (!fetch)
		return errno ? -errno : -EIO;
	for (int i = 0; i < fetch->counts->total; i++)
		set_pss(procs, fetch->stacks[i], v, n);
	return 0;
}

int pt_procs_read_pss(struct pt_procs *procs, struct pt_proc *v, size_t n)
{
	for (size_t done = 0; done < n; done += PSS_BATCH) {
		const int error = read_pss(procs, v + done, n - done < PSS_BATCH ? n - done : PSS_BATCH);
		if (error)
			return error;
	}
	return 0;
}

void pt_proc_list_free(struct pt_proc_list *list)
{
	if (!list)
		return;
	free(list->v);
	*list = (struct pt_proc_list){0};
}
