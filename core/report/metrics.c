/*
 * Metrics as text: see metrics.h. A table of families; all series of a family stand together, as OpenMetrics demands.
 * Holds nothing; struct pt_metrics owns a reference to its frame.
 */
#include "core/report/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "core/verdict/trace.h"

#define SECOND UINT64_C(1000000000)

/* ---- a process, frame by frame ---------------------------------------------------------------------------------- */

int pt_metrics_add(struct pt_metrics *m, struct pt_snapshot *snapshot)
{
	struct pt_ledger ledger = {.other_image = true};
	int error = m->snapshot ? pt_ledger_make(m->snapshot, snapshot, &ledger) : 0;
	if (error)
		return error;
	if (!ledger.other_image) { /* of an exec or a first frame nothing can be told */
		for (int e = 0; e < PT_EVENT_N; e++)
			m->events[e] += ledger.n[e];
		m->known = m->ledgers++ ? m->known & ledger.known : ledger.known;
	}
	if (m->snapshot)
		pt_ledger_free(&ledger);
	pt_snapshot_unref(m->snapshot);
	m->snapshot = pt_snapshot_ref(snapshot);
	m->frames++;
	return 0;
}

void pt_metrics_end(struct pt_metrics *m)
{
	pt_snapshot_unref(m->snapshot);
	*m = (struct pt_metrics){0};
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

struct text {
	char *v;
	size_t n, room;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (t->failed || n < 0 || (size_t)n >= sizeof(line)) {
		t->failed = true;
		return;
	}
	if (t->n + (size_t)n >= t->room) {
		size_t room = t->room * 2 + sizeof(line);
		char *grown = realloc(t->v, room);
		if (!grown) {
			t->failed = true;
			return;
		}
		t->v = grown;
		t->room = room;
	}
	memcpy(t->v + t->n, line, (size_t)n + 1);
	t->n += (size_t)n;
}

/* Hostile bytes as the value of a label: printable, then what the format gives a meaning of its own. */
static void escape(const char *bytes, char *ret, size_t size)
{
	char plain[4 * PT_NAME_MAX];
	size_t n = pt_text_printable(bytes, strnlen(bytes, PT_NAME_MAX), plain, sizeof(plain)), at = 0;
	for (size_t i = 0; i < n && at + 2 < size; i++) {
		if (plain[i] == '\\' || plain[i] == '"')
			ret[at++] = '\\';
		ret[at++] = plain[i];
	}
	ret[at] = '\0';
}

/* ---- families --------------------------------------------------------------------------------------------------- */

/* What the series of a family are made of, besides their process. */
enum source { OF_PROCESS, OF_ROLE, OF_EVENT, OF_FAULTS, OF_ALONE };
enum alone { PEAK_RSS, LOCKED, THREADS, FRAMES, FRAME_TIME, SCAN_TIME, SCAN_CPU };

static const struct family {
	struct pt_metric_family is;
	enum source source;
	int what; /* enum pt_quantity, or enum alone */
} families[] = {
	{{"pagetop_rss_bytes", "resident memory, as smaps counts Rss", false}, OF_PROCESS, PT_QUANTITY_RSS},
	{{"pagetop_anon_bytes", "anonymous part of it", false}, OF_PROCESS, PT_QUANTITY_ANON},
	{{"pagetop_file_bytes", "page cache of files in it", false}, OF_PROCESS, PT_QUANTITY_FILE},
	{{"pagetop_shmem_bytes", "shared memory in it", false}, OF_PROCESS, PT_QUANTITY_SHMEM},
	{{"pagetop_pss_bytes", "each page of it divided by its map count", false}, OF_PROCESS, PT_QUANTITY_PSS},
	{{"pagetop_swap_bytes", "swapped out", false}, OF_PROCESS, PT_QUANTITY_SWAP},
	{{"pagetop_thp_bytes", "anonymous and mapped huge", false}, OF_PROCESS, PT_QUANTITY_THP},
	{{"pagetop_hugetlb_bytes", "huge pages of hugetlbfs, which are not in RSS", false},
	 OF_PROCESS,
	 PT_QUANTITY_HUGETLB},
	{{"pagetop_dirty_bytes", "written and not yet on disk or swap, approximate", false},
	 OF_PROCESS,
	 PT_QUANTITY_DIRTY},
	{{"pagetop_shared_bytes", "resident and mapped more than once", false}, OF_PROCESS, PT_QUANTITY_SHARED},
	{{"pagetop_private_bytes", "resident and mapped once", false}, OF_PROCESS, PT_QUANTITY_PRIVATE},
	{{"pagetop_size_bytes", "mapped addresses", false}, OF_PROCESS, PT_QUANTITY_SIZE},
	{{"pagetop_vmas", "number of VMAs", false}, OF_PROCESS, PT_QUANTITY_VMAS},
	{{"pagetop_peak_rss_bytes", "most resident memory it ever had, VmHWM", false}, OF_ALONE, PEAK_RSS},
	{{"pagetop_locked_bytes", "locked in memory, VmLck", false}, OF_ALONE, LOCKED},
	{{"pagetop_threads", "number of threads", false}, OF_ALONE, THREADS},
	{{"pagetop_role_rss_bytes", "resident memory of the VMAs of a role", false}, OF_ROLE, PT_QUANTITY_RSS},
	{{"pagetop_role_anon_bytes", "anonymous memory of the VMAs of a role", false}, OF_ROLE, PT_QUANTITY_ANON},
	{{"pagetop_role_pss_bytes", "PSS of the VMAs of a role", false}, OF_ROLE, PT_QUANTITY_PSS},
	{{"pagetop_role_swap_bytes", "what is swapped out of the VMAs of a role", false}, OF_ROLE, PT_QUANTITY_SWAP},
	{{"pagetop_role_thp_bytes", "anonymous and mapped huge in the VMAs of a role", false},
	 OF_ROLE,
	 PT_QUANTITY_THP},
	{{"pagetop_role_size_bytes", "mapped addresses of the VMAs of a role", false}, OF_ROLE, PT_QUANTITY_SIZE},
	{{"pagetop_role_vmas", "number of VMAs of a role", false}, OF_ROLE, PT_QUANTITY_VMAS},
	{{"pagetop_page_events_total", "pages that something became of since pagetop began to look", true},
	 OF_EVENT,
	 0},
	{{"pagetop_faults_total", "page faults since the process began", true}, OF_FAULTS, 0},
	{{"pagetop_frames_total", "frames that pagetop read of it", true}, OF_ALONE, FRAMES},
	{{"pagetop_frame_timestamp_seconds", "when the newest frame was read", false}, OF_ALONE, FRAME_TIME},
	{{"pagetop_scan_seconds", "how long reading that frame took", false}, OF_ALONE, SCAN_TIME},
	{{"pagetop_scan_cpu_seconds", "CPU time that reading that frame took", false}, OF_ALONE, SCAN_CPU},
};

const struct pt_metric_family *pt_metric_family(size_t i)
{
	return i < sizeof(families) / sizeof(*families) ? &families[i].is : NULL;
}

/* ---- series ----------------------------------------------------------------------------------------------------- */

/* A process, with what its series are made of. */
struct process {
	const struct pt_metrics *m;
	char labels[10 * PT_NAME_MAX]; /* pid="1",name="init" */
	struct pt_amounts all, roles[PT_ROLE_N];
};

static void gather(const struct pt_metrics *m, struct process *ret)
{
	const struct pt_process *process = &m->snapshot->process;
	char name[8 * PT_NAME_MAX];
	ret->m = m;
	escape(process->name, name, sizeof(name));
	if (m->anonymous)
		snprintf(ret->labels, sizeof(ret->labels), "pid=\"%d\"", (int)process->pid);
	else
		snprintf(ret->labels, sizeof(ret->labels), "pid=\"%d\",name=\"%s\"", (int)process->pid, name);
	pt_amounts_of(m->snapshot, &ret->all, ret->roles);
}

/* One sample; `label` may be NULL, `name` is one of our own words. */
static void series(struct text *t, const struct family *f, const struct process *p, const char *label, const char *name,
		   struct pt_maybe value)
{
	if (!value.known)
		return;
	if (label)
		say(t, "%s{%s,%s=\"%s\"} %" PRIu64 "\n", f->is.name, p->labels, label, name, value.value);
	else
		say(t, "%s{%s} %" PRIu64 "\n", f->is.name, p->labels, value.value);
}

static void seconds(struct text *t, const struct family *f, const struct process *p, uint64_t ns)
{
	say(t, "%s{%s} %" PRIu64 ".%09" PRIu64 "\n", f->is.name, p->labels, ns / SECOND, ns % SECOND);
}

static void alone(struct text *t, const struct family *f, const struct process *p)
{
	const struct pt_snapshot *s = p->m->snapshot;
	switch ((enum alone)f->what) {
	case PEAK_RSS: series(t, f, p, NULL, NULL, s->process.peak_rss); break;
	case LOCKED: series(t, f, p, NULL, NULL, s->process.locked); break;
	case THREADS: series(t, f, p, NULL, NULL, (struct pt_maybe){s->process.threads, true}); break;
	case FRAMES: series(t, f, p, NULL, NULL, (struct pt_maybe){p->m->frames, true}); break;
	case FRAME_TIME: seconds(t, f, p, s->realtime_ns); break;
	case SCAN_TIME: seconds(t, f, p, s->scan_ns); break;
	case SCAN_CPU: seconds(t, f, p, s->scan_cpu_ns); break;
	}
}

static void samples(struct text *t, const struct family *f, const struct process *p)
{
	switch (f->source) {
	case OF_PROCESS: series(t, f, p, NULL, NULL, p->all.v[f->what]); break;
	case OF_ROLE:
		for (int role = 0; role < PT_ROLE_N; role++)
			if (p->roles[role].v[PT_QUANTITY_VMAS].value > 0)
				series(t, f, p, "role", pt_role_name((enum pt_role)role), p->roles[role].v[f->what]);
		break;
	case OF_EVENT:
		for (int e = 0; e < PT_EVENT_N; e++)
			series(t, f, p, "event", pt_event_name((enum pt_event)e),
			       (struct pt_maybe){p->m->events[e], p->m->ledgers > 0 && (p->m->known & 1u << e)});
		break;
	case OF_FAULTS:
		series(t, f, p, "kind", "minor", p->m->snapshot->process.minor_faults);
		series(t, f, p, "kind", "major", p->m->snapshot->process.major_faults);
		break;
	case OF_ALONE: alone(t, f, p); break;
	}
}

char *pt_metrics_text(const struct pt_metrics *processes, size_t n, size_t *ret_size)
{
	struct text t = {0};
	struct process *p = calloc(n ? n : 1, sizeof(*p));
	if (!p)
		return NULL;
	for (size_t i = 0; i < n; i++)
		gather(&processes[i], &p[i]);
	for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++) {
		const struct pt_metric_family *is = &families[f].is;
		say(&t, "# HELP %s %c%s.\n", is->name, is->help[0] & ~0x20, is->help + 1);
		if (!is->counter)
			say(&t, "# TYPE %s gauge\n", is->name);
		for (size_t i = 0; i < n; i++)
			samples(&t, &families[f], &p[i]);
	}
	say(&t, "# EOF\n");
	free(p);
	if (t.failed) {
		free(t.v);
		return NULL;
	}
	*ret_size = t.n;
	return t.v;
}
