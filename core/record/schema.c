/*
 * The words that make a recording; see schema.h. They are part of the format: what is changed here makes older
 * recordings unreadable, unless the version grows and the old words stay.
 */
#include "core/record/schema.h"

#define VMA_ALIVE "v.since_frame <= f.id AND (v.until_frame IS NULL OR v.until_frame > f.id)"

const struct pt_schema_item pt_schema_tables[] = {
	{"meta", "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID"},
	{"frame", "CREATE TABLE frame(id INTEGER PRIMARY KEY, realtime_ns INTEGER NOT NULL, "
		  "monotonic_ns INTEGER NOT NULL, fresh_ns INTEGER, presence_ns INTEGER, scan_ns INTEGER, "
		  "scan_cpu_ns INTEGER, done_pages INTEGER, all_pages INTEGER, layout INTEGER NOT NULL, uid INTEGER, "
		  "start_stack INTEGER, image INTEGER, name TEXT, state TEXT, threads INTEGER, " PT_SCHEMA_SUMS ", "
		  "status_anon, status_file, status_shmem, status_swap, status_locked, status_peak_rss, "
		  "status_mapped, minor_faults, major_faults, cpu_ns, rollup_pss)"},
	{"signal", "CREATE TABLE signal(since_frame INTEGER NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, "
		   "reason TEXT, remedy TEXT)"},
	{"vma", "CREATE TABLE vma(id INTEGER PRIMARY KEY, since_frame INTEGER NOT NULL, until_frame INTEGER, "
		"start INTEGER NOT NULL, \"end\" INTEGER NOT NULL, perms TEXT NOT NULL, role TEXT NOT NULL, "
		"\"offset\" INTEGER, dev_major INTEGER, dev_minor INTEGER, inode INTEGER, path TEXT, tid INTEGER, "
		"fs TEXT, vm_flags INTEGER)"},
	{"vma_sum", "CREATE TABLE vma_sum(vma INTEGER NOT NULL, frame INTEGER NOT NULL, " PT_SCHEMA_SUMS ", "
		    "PRIMARY KEY(vma, frame)) WITHOUT ROWID"},
	{"ledger", "CREATE TABLE ledger(frame INTEGER NOT NULL, vma INTEGER NOT NULL, event TEXT NOT NULL, "
		   "pages INTEGER NOT NULL, unsure INTEGER NOT NULL, PRIMARY KEY(frame, vma, event)) WITHOUT ROWID"},
	{"told", "CREATE TABLE told(since_frame INTEGER NOT NULL, events TEXT NOT NULL)"},
	{"vma_event", "CREATE TABLE vma_event(frame INTEGER NOT NULL, event TEXT NOT NULL, vma INTEGER, "
		      "start INTEGER, \"end\" INTEGER, from_start INTEGER, from_end INTEGER)"},
	{"mark", "CREATE TABLE mark(id INTEGER PRIMARY KEY, realtime_ns INTEGER NOT NULL, label TEXT NOT NULL)"},
	{"pages", "CREATE TABLE pages(frame INTEGER PRIMARY KEY, whole INTEGER NOT NULL, data BLOB NOT NULL)"},
	{0},
};

const char *const pt_schema_rest[] = {
	"CREATE INDEX frame_time ON frame(realtime_ns)",
	"CREATE INDEX pages_whole ON pages(frame) WHERE whole",
	"CREATE VIEW vma_at AS SELECT f.id AS frame, f.realtime_ns / 1e9 AS time, v.id AS vma, "
	"printf('%x-%x', v.start, v.\"end\") AS addresses, v.perms, v.role, v.path, s.* FROM frame f "
	"JOIN vma v ON " VMA_ALIVE " JOIN vma_sum s ON s.vma = v.id AND s.frame = "
	"(SELECT max(frame) FROM vma_sum WHERE vma = v.id AND frame <= f.id)",
	"CREATE VIEW role_at AS SELECT f.id AS frame, f.realtime_ns / 1e9 AS time, v.role, count(*) AS vmas, "
	"sum(s.rss) AS rss, sum(s.anon) AS anon, sum(s.file) AS file, sum(s.shmem) AS shmem, sum(s.swap) AS swap, "
	"sum(s.thp) AS thp FROM frame f JOIN vma v ON " VMA_ALIVE " JOIN vma_sum s ON s.vma = v.id AND s.frame = "
	"(SELECT max(frame) FROM vma_sum WHERE vma = v.id AND frame <= f.id) GROUP BY f.id, v.role",
	"CREATE VIEW mark_at AS SELECT m.label, m.realtime_ns / 1e9 AS time, "
	"(SELECT min(id) FROM frame WHERE realtime_ns >= m.realtime_ns) AS frame FROM mark m",
	"CREATE VIEW event_at AS SELECT l.frame, f.realtime_ns / 1e9 AS time, v.role, v.path, l.event, l.pages, "
	"l.unsure "
	"FROM ledger l JOIN frame f ON f.id = l.frame JOIN vma v ON v.id = l.vma",
	NULL,
};
