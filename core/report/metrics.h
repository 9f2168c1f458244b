/*
 * Metrics: what processes hold, as text that monitoring reads: a file for the textfile collector of Prometheus'
 * node_exporter. Pure: where the text goes is the caller's business.
 *
 * The text is valid twice: as OpenMetrics 1.0 and in the older text format of Prometheus, which is the collector's. So
 * it has no timestamps, which the collector refuses; ends with "# EOF", which is a comment to the older one; and
 * counters have no TYPE, since the two do not agree whether that names `x` or `x_total`: to both they are of unknown
 * type then, of which rate() is the same. What is not known is left out.
 */
#ifndef PT_REPORT_METRICS_H
#define PT_REPORT_METRICS_H

#include "core/history/ledger.h"
#include "core/model/snapshot.h"

/* One process. All zero to begin with; owns its frame. */
struct pt_metrics {
	struct pt_snapshot *snapshot; /* the newest frame */
	uint64_t frames;              /* so many were added */
	uint64_t ledgers;             /* so many were compared with the one before */
	uint64_t events[PT_EVENT_N];  /* pages, of all of them */
	uint32_t known;               /* 1 << enum pt_event: of these all could be told */
	bool anonymous;               /* without its name */
};

/* The next complete frame of it. 0, or -ENOMEM and nothing has changed. */
int pt_metrics_add(struct pt_metrics *metrics, struct pt_snapshot *snapshot);
void pt_metrics_end(struct pt_metrics *metrics);

/* Of n processes. For free(); *ret_size without its NUL; NULL: out of memory. */
char *pt_metrics_text(const struct pt_metrics *processes, size_t n, size_t *ret_size);

struct pt_metric_family {
	const char *name; /* of its series: "pagetop_rss_bytes" */
	const char *help; /* one line, which is written with a capital and a full stop */
	bool counter;
};
/* All there are; NULL behind the last. */
const struct pt_metric_family *pt_metric_family(size_t i);

#endif
