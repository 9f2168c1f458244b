/*
 * The words that make a recording; see schema.h. They are part of the format: what is changed here makes older
 * recordings unreadable, unless the version grows and the old words stay.
 */
#include "core/record/schema.h"

#define FRAME_TIMES                                                                                                    \
	"realtime_ns INTEGER NOT NULL, monotonic_ns INTEGER NOT NULL, fresh_ns INTEGER, presence_ns INTEGER, "         \
	"scan_ns INTEGER, scan_cpu_ns INTEGER, done_pages INTEGER, all_pages INTEGER, layout INTEGER NOT NULL, "       \
	"uid INTEGER, start_stack INTEGER, image INTEGER, name TEXT, state TEXT, threads INTEGER, "
#define VMA_PLACE                                                                                                      \
	"since_frame INTEGER NOT NULL, until_frame INTEGER, start INTEGER NOT NULL, \"end\" INTEGER NOT NULL, "        \
	"perms TEXT NOT NULL, role TEXT NOT NULL, \"offset\" INTEGER, dev_major INTEGER, dev_minor INTEGER, "          \
	"inode INTEGER, path TEXT, tid INTEGER, fs TEXT, vm_flags INTEGER"
#define META   "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID"
#define SIGNAL "name TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, remedy TEXT)"
#define VMA_SUM                                                                                                        \
	"CREATE TABLE vma_sum(vma INTEGER NOT NULL, frame INTEGER NOT NULL, " PT_SCHEMA_SUMS                           \
	", PRIMARY KEY(vma, frame)) WITHOUT ROWID"
#define LEDGER                                                                                                         \
	"CREATE TABLE ledger(frame INTEGER NOT NULL, vma INTEGER NOT NULL, event TEXT NOT NULL, "                      \
	"pages INTEGER NOT NULL, unsure INTEGER NOT NULL, PRIMARY KEY(frame, vma, event)) WITHOUT ROWID"
#define VMA_EVENT                                                                                                      \
	"CREATE TABLE vma_event(frame INTEGER NOT NULL, event TEXT NOT NULL, vma INTEGER, start INTEGER, "             \
	"\"end\" INTEGER, from_start INTEGER, from_end INTEGER)"

const struct pt_schema_item pt_schema_tables[] = {
	{"meta", META},
	{"process", "CREATE TABLE process(id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, start_time INTEGER NOT NULL, "
		    "parent INTEGER, name TEXT, began_ns INTEGER, ended_ns INTEGER, exit_status INTEGER, "
		    "peak_rss INTEGER, UNIQUE(pid, start_time))"},
	{"frame", "CREATE TABLE frame(id INTEGER PRIMARY KEY, process INTEGER NOT NULL, cleared_ns INTEGER, "
		  "status_hugetlb, " FRAME_TIMES PT_SCHEMA_SUMS ", " PT_SCHEMA_STATUS ")"},
	{"sample", "CREATE TABLE sample(process INTEGER NOT NULL, monotonic_ns INTEGER NOT NULL, "
		   "realtime_ns INTEGER NOT NULL, size, rss, anon, file, shmem, swap, hugetlb, "
		   "PRIMARY KEY(process, monotonic_ns)) WITHOUT ROWID"},
	{"signal", "CREATE TABLE signal(process INTEGER NOT NULL, since_frame INTEGER NOT NULL, " SIGNAL},
	{"vma", "CREATE TABLE vma(id INTEGER PRIMARY KEY, process INTEGER NOT NULL, " VMA_PLACE ")"},
	{"vma_sum", VMA_SUM},
	{"ledger", LEDGER},
	{"told", "CREATE TABLE told(process INTEGER NOT NULL, since_frame INTEGER NOT NULL, events TEXT NOT NULL)"},
	{"vma_event", VMA_EVENT},
	{"mark", "CREATE TABLE mark(id INTEGER PRIMARY KEY, realtime_ns INTEGER NOT NULL, pid INTEGER, "
		 "label TEXT NOT NULL)"},
	{"pages", "CREATE TABLE pages(frame INTEGER PRIMARY KEY, process INTEGER NOT NULL, whole INTEGER NOT NULL, "
		  "data BLOB NOT NULL)"},
	{0},
};

const struct pt_schema_item pt_schema_tables_1[] = {
	{"meta", META},
	{"frame", "CREATE TABLE frame(id INTEGER PRIMARY KEY, " FRAME_TIMES PT_SCHEMA_SUMS ", " PT_SCHEMA_STATUS ")"},
	{"signal", "CREATE TABLE signal(since_frame INTEGER NOT NULL, " SIGNAL},
	{"vma", "CREATE TABLE vma(id INTEGER PRIMARY KEY, " VMA_PLACE ")"},
	{"vma_sum", VMA_SUM},
	{"ledger", LEDGER},
	{"told", "CREATE TABLE told(since_frame INTEGER NOT NULL, events TEXT NOT NULL)"},
	{"vma_event", VMA_EVENT},
	{"mark", "CREATE TABLE mark(id INTEGER PRIMARY KEY, realtime_ns INTEGER NOT NULL, label TEXT NOT NULL)"},
	{"pages", "CREATE TABLE pages(frame INTEGER PRIMARY KEY, whole INTEGER NOT NULL, data BLOB NOT NULL)"},
	{0},
};

const struct pt_schema_item pt_schema_faults[] = {
	{"fault_frame", "CREATE TABLE fault_frame(frame INTEGER PRIMARY KEY, process INTEGER NOT NULL, "
			"from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL, minor INTEGER NOT NULL, "
			"major INTEGER NOT NULL, lost INTEGER NOT NULL, children INTEGER NOT NULL, "
			"left_out INTEGER NOT NULL, period INTEGER NOT NULL, system_calls INTEGER NOT NULL)"},
	{"fault", "CREATE TABLE fault(frame INTEGER NOT NULL, vma INTEGER NOT NULL, kind TEXT NOT NULL, "
		  "stack INTEGER NOT NULL, events INTEGER NOT NULL, major INTEGER NOT NULL, kernel INTEGER NOT NULL, "
		  "born INTEGER NOT NULL, PRIMARY KEY(frame, vma, kind, stack)) WITHOUT ROWID"},
	{"fault_stack", "CREATE TABLE fault_stack(id INTEGER PRIMARY KEY, complete INTEGER NOT NULL)"},
	{"fault_call", "CREATE TABLE fault_call(stack INTEGER NOT NULL, depth INTEGER NOT NULL, code INTEGER NOT NULL, "
		       "PRIMARY KEY(stack, depth)) WITHOUT ROWID"},
	{"fault_code", "CREATE TABLE fault_code(id INTEGER PRIMARY KEY, address INTEGER NOT NULL, module INTEGER, "
		       "\"offset\" INTEGER, symbol TEXT, symbol_offset INTEGER, file TEXT, line INTEGER)"},
	{"fault_module", "CREATE TABLE fault_module(id INTEGER PRIMARY KEY, path TEXT NOT NULL, build_id TEXT)"},
	{0},
};

#define VMA_ALIVE "v.process = f.process AND v.since_frame <= f.id AND (v.until_frame IS NULL OR v.until_frame > f.id)"
#define VMA_SUMS                                                                                                       \
	"JOIN vma v ON " VMA_ALIVE " JOIN vma_sum s ON s.vma = v.id AND s.frame = (SELECT max(frame) FROM vma_sum "    \
	"WHERE vma = v.id AND frame <= f.id)"

const char *const pt_schema_rest[] = {
	"CREATE INDEX frame_time ON frame(process, realtime_ns)",
	"CREATE INDEX frame_process ON frame(process)",
	"CREATE INDEX vma_process ON vma(process)",
	"CREATE INDEX pages_process ON pages(process)",
	"CREATE INDEX pages_whole ON pages(process) WHERE whole",
	"CREATE VIEW vma_at AS SELECT f.process, f.id AS frame, f.realtime_ns / 1e9 AS time, v.id AS vma, "
	"printf('%x-%x', v.start, v.\"end\") AS addresses, v.perms, v.role, v.path, s.* FROM frame f " VMA_SUMS,
	"CREATE VIEW role_at AS SELECT f.process, f.id AS frame, f.realtime_ns / 1e9 AS time, v.role, "
	"count(*) AS vmas, sum(s.rss) AS rss, sum(s.anon) AS anon, sum(s.file) AS file, sum(s.shmem) AS shmem, "
	"sum(s.swap) AS swap, sum(s.thp) AS thp FROM frame f " VMA_SUMS " GROUP BY f.id, v.role",
	"CREATE VIEW mark_at AS SELECT m.label, m.pid, m.realtime_ns / 1e9 AS time, p.id AS process, "
	"(SELECT min(id) FROM frame WHERE process = p.id AND realtime_ns >= m.realtime_ns) AS frame "
	"FROM mark m, process p WHERE EXISTS (SELECT 1 FROM frame WHERE process = p.id)",
	"CREATE VIEW event_at AS SELECT f.process, l.frame, f.realtime_ns / 1e9 AS time, v.role, v.path, l.event, "
	"l.pages, l.unsure FROM ledger l JOIN frame f ON f.id = l.frame JOIN vma v ON v.id = l.vma",
	NULL,
};

#define SYMBOL "coalesce(k.symbol, m.path || '+' || printf('%x', k.\"offset\"), printf('%x', k.address))"

const char *const pt_schema_faults_rest[] = {
	"CREATE INDEX fault_frame_process ON fault_frame(process)",
	"CREATE VIEW fault_at AS SELECT s.process, f.frame, s.realtime_ns / 1e9 AS time, v.role, v.path, f.kind, "
	"f.stack, f.events, f.major, f.kernel, f.born FROM fault f JOIN frame s ON s.id = f.frame "
	"LEFT JOIN vma v ON v.id = f.vma",
	"CREATE VIEW fault_calls AS SELECT stack, group_concat(name, ' < ') AS calls FROM (SELECT c.stack, " SYMBOL
	" AS name FROM fault_call c JOIN fault_code k ON k.id = c.code LEFT JOIN fault_module m ON m.id = k.module "
	"ORDER BY c.stack, c.depth) GROUP BY stack",
	NULL,
};
