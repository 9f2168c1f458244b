/*
 * The command line: what its options say, whichever command they are of (tui/option.h has how they are read), and where
 * the live screen starts.
 */
#ifndef UI_OPTIONS_H
#define UI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/dump/format.h"
#include "core/machine/pageowner.h"

/* Exit statuses: the contract that scripts rely on. */
enum ui_exit {
	UI_OK = 0,
	UI_FINDING = 1, /* the command's own finding: verify found a difference */
	UI_USAGE = 2,
	UI_NO_PROCESS = 3, /* no such process, or it ended */
	UI_DENIED = 4,     /* not permitted: says what to grant */
	UI_LACKING = 5,    /* the kernel lacks what the command needs */
};

enum ui_colours { UI_COLOURS_AUTO, UI_COLOURS_MONO, UI_COLOURS_8, UI_COLOURS_16, UI_COLOURS_256 };

/* Limits of values. */
#define UI_PID_MAX      4194304 /* include/linux/threads.h PID_MAX_LIMIT */
#define UI_INTERVAL_MIN 0.05    /* seconds */
#define UI_INTERVAL_MAX 3600.0
#define UI_BUDGET_MIN   0.1 /* percent of a core */
#define UI_BUDGET_MAX   100.0

/* Of pagetop faults: a report, or one of its tables. */
enum ui_faults_by {
	UI_BY_NONE,
	UI_BY_KIND,
	UI_BY_VMA,
	UI_BY_ADDRESS,
	UI_BY_THREAD,
	UI_BY_CPU,
	UI_BY_STACK,
	UI_BY_REPEATER,
	UI_BY_ALLOCATION,
	UI_BY_GROWTH,
	UI_BY_N
};
const char *ui_faults_by_name(enum ui_faults_by by); /* "vma"; static storage */

/* Of pagetop leaks, likewise. */
enum ui_leaks_by {
	UI_LEAKS_BY_NONE,
	UI_LEAKS_BY_LEAKS,
	UI_LEAKS_BY_GROUPS,
	UI_LEAKS_BY_OBJECTS,
	UI_LEAKS_BY_PAGES,
	UI_LEAKS_BY_SITES,
	UI_LEAKS_BY_HEAP,
	UI_LEAKS_BY_N
};
const char *ui_leaks_by_name(enum ui_leaks_by by); /* "groups"; static storage */

/* Of pagetop vmas: VMAs, or who shares them, or the nodes they lie on. */
enum ui_vmas_by { UI_VMAS_BY_VMA, UI_VMAS_BY_SHARER, UI_VMAS_BY_NODE };

/* Folded stacks with the number of faults, of bytes that came and are there, or of all that came. */
enum ui_folded { UI_FOLDED_NONE, UI_FOLDED_FAULTS, UI_FOLDED_BYTES, UI_FOLDED_BORN, UI_FOLDED_N };

struct ui_command; /* tui/commands/commands.h */

struct ui_options {
	pid_t pid;                          /* 0: none given; with `input` one of that */
	uint64_t interval_ns;               /* -d, default 1 s, of run 0.1 s */
	double budget;                      /* --budget, percent of one core, default 5, of run 2 */
	unsigned threads;                   /* --threads, of one frame */
	size_t history_bytes;               /* --history; 0: none */
	const char *filter;                 /* -f REGEX, NULL: none */
	const char *columns;                /* -o, NULL: default; of dump and record the file to write */
	const char *input;                  /* -i RECORDING, NULL: none */
	const char *at;                     /* --at TIME|MARK in it, NULL: commands its end, the screen its start */
	uint64_t for_ns;                    /* --for SECONDS, of record, faults, leaks; 0: until it is told to end */
	enum ui_vmas_by vmas_by;            /* --by WHAT, of vmas */
	enum ui_faults_by by;               /* --by WHAT, of faults; so are these: */
	enum ui_folded folded;              /* --folded[=WHAT] */
	bool no_stacks;                     /* --stacks=no */
	uint64_t period;                    /* --period N; 0: adapts */
	bool allocations;                   /* --allocations */
	unsigned sync_frames;               /* --sync FRAMES, of record; 0: as the system does; so are these: */
	bool anonymize;                     /* --anonymize */
	bool faults;                        /* --faults, of record; with it no_stacks and period too */
	const char *marks;                  /* --marks PATH, NULL: takes none */
	const char *metrics;                /* --metrics PATH, NULL: writes none */
	bool json, no_headings, raw, bytes; /* -J -n -r -b */
	bool ascii;                         /* --ascii */
	enum ui_colours colours;            /* --color=WHEN|N; NO_COLOR means mono */
	bool page_owner;                    /* --page-owner[=FILE], of system; with it: */
	const char *page_owner_file;        /* NULL: this kernel's */
	struct pt_alloc_sort alloc_sort;    /* --by ORDER */
	unsigned alloc_keys;                /* --group KEYS: enum pt_alloc_key; 0: by stack */
	struct pt_alloc_only alloc_only;    /* --only KEY=VALUES */
	unsigned family_by;                 /* --by WHAT, of family: enum ui_family_by */
	bool demo;                          /* --demo: the target is pagetop-demo, ours */
	const char *since;                  /* --since FILE, of dump; so are these: */
	enum pt_dump_stop stop;             /* --stop[=WHAT], also of leaks */
	bool all, swapped, merge;           /* --all --swapped --merge; swapped also of leaks */
	bool clear_soft_dirty;              /* --clear-soft-dirty */
	bool force;                         /* --force, of dump and record */
	bool content;                       /* --content, of diff; so are these: */
	const char *from, *to;              /* --from and --to TIME|MARK, NULL: its ends */
	enum ui_leaks_by leaks_by;          /* --by WHAT, of leaks; so are these: */
	const char *why;                    /* --why ADDR, NULL: no object is asked about */
	uint64_t why_address;               /* the same */
	const char *tier;                   /* --tier, NULL: all */
	unsigned passes;                    /* --passes N, 0: until nothing changes */
	uint64_t sites_ns;                  /* --sites[=SECONDS]; 0: no */
	bool objects, check;                /* --objects --check */
	bool snapshots;                     /* --snapshots; with it: */
	uint64_t every_ns;                  /* --every SECONDS; 0: not by the clock */
	bool live, wait_all;                /* --live --wait-all, of run; so is this: */
	const char *report;                 /* --report FILE, of run and faults, NULL: stderr */
	const char *keep;                   /* --keep FILE: what it prints while the screen is live; NULL: a new one */
	const char **asserts;               /* --assert EXPR, of run and check, NULL-terminated; so are these: */
	const char *assertions;             /* --assertions FILE */
	const char *junit;                  /* --junit FILE */
	bool strict;                        /* --strict: undecided is as bad as failed */
	const char *baseline;               /* --baseline FILE, NULL: none */
	bool baseline_update;               /* --baseline-update: this run is to be kept in it */
	const char **specs;     /* --bits SPEC and --where SPEC, of types and pages, NULL-terminated; so are these: */
	const char **ranges;    /* --addr RANGE, likewise */
	const char *cgroup;     /* --cgroup PATH|@INODE, NULL: any */
	const char *file;       /* --file FILE, of types; NULL: none */
	const char *kpageflags; /* --kpageflags FILE, NULL: the kernel's */
	bool each;              /* --each, of pages */
	bool idle, mark_idle;   /* --idle --mark-idle, of types; with the latter for_ns and this: */
	bool yes;               /* --yes: does not ask */
	char **rest;            /* operands, NULL-terminated */
	const struct ui_command *command; /* NULL: the live screen */
	bool help, version;               /* -h -V */
};

/*
 * Reads the command line, which must outlive *ret. UI_OK, or UI_USAGE with one line in message that says what is wrong
 * and what to do.
 */
int ui_options_parse(int argc, char **argv, struct ui_options *ret, char *message, size_t size);
void ui_options_free(struct ui_options *options);

/* A PID as given by a person: decimal, 1 .. PID_MAX; else false. */
bool ui_parse_pid(const char *text, pid_t *ret);
/* Seconds or percent as given by a person: digits with an optional fraction, min .. max; else false. */
bool ui_parse_decimal(const char *text, double min, double max, double *ret);

/* An address as /proc/PID/maps has it: hexadecimal, with or without 0x; else false. */
bool ui_parse_address(const char *text, uint64_t *ret);

/* A size as given by a person: digits with K, M, G or T behind them (of 1024), at most SIZE_MAX; else false. */
bool ui_parse_size(const char *text, size_t *ret);

/* The live screen (tui/app.c): with options->pid, or choosing a process first. Returns an exit status. */
int ui_run(const struct ui_options *options);
#define UI_BESIDE_FDS 3
/* The same, while something else goes on: `take` is called whenever one of these descriptors may be readable. */
struct ui_beside {
	int fds[UI_BESIDE_FDS]; /* -1: none */
	void (*take)(void *arg);
	void *arg;
};
int ui_run_beside(const struct ui_options *options, const struct ui_beside *beside);

#endif
