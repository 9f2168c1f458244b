/*
 * What a hunt found: a table of objects, sorted into groups and leaks, and sums. Immutable once given out, counted by
 * references. Bytes are usable bytes of chunks; addresses are what malloc returned. Text is raw: hostile.
 */
#ifndef PT_HUNT_VIEW_H
#define PT_HUNT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum pt_leak_tier {
	PT_LEAK_LEAKED, /* no pointer to it anywhere */
	PT_LEAK_WEAK,   /* only unaligned interior pointers, or words that may be stale */
	PT_LEAK_HIDDEN, /* something that looks like an encoded pointer to it is there */
	PT_LEAK_TIERS
};
const char *pt_leak_tier_name(enum pt_leak_tier tier); /* "leaked", "weak", "hidden"; static storage */

struct pt_leak_sum {
	uint64_t count, bytes;
	uint64_t pages; /* resident, that hold nothing but such objects (and free or own bytes) */
};

struct pt_leak_object {
	uint64_t address, size;
	uint64_t hash;  /* of its contents */
	uint8_t tier;   /* enum pt_leak_tier */
	uint32_t group; /* index into groups */
	uint32_t root;  /* index into objects: the one that the leak hangs on (dominator at the top); itself */
	uint32_t site;  /* index into sites + 1; 0: not known */
};

enum pt_leak_word {
	PT_LEAK_WORD_NONE,   /* nothing in common, but the size */
	PT_LEAK_WORD_CLASS,  /* vtable of a C++ class, or Rust's */
	PT_LEAK_WORD_SYMBOL, /* pointer to something that has a name */
	PT_LEAK_WORD_TEXT,   /* begins as a string */
	PT_LEAK_WORD_ZERO,
	PT_LEAK_WORD_VALUE, /* the same number in all of them */
};

/* Objects of one size and alike in one of their first words. */
struct pt_leak_group {
	uint64_t size;
	struct pt_leak_sum tiers[PT_LEAK_TIERS]; /* pages: 0 */
	enum pt_leak_word word;
	uint32_t at; /* where the word lies, in bytes: behind links and small numbers at most */
	char *name;  /* class, symbol or text; NULL */
	uint64_t value;
	uint32_t example; /* index into objects */
};

/* One leak: what hangs on one object that nothing points at (or on a cycle). Largest first. */
struct pt_leak {
	uint32_t root; /* index into objects */
	uint64_t count, bytes;
	uint32_t group; /* of the root */
	uint32_t most;  /* the group that most of its objects are of */
	bool cycle;     /* the root is one of a cycle */
	bool shared;    /* several leaks point at the root: this hangs on none of them alone */
	uint8_t tier;
};

struct pt_leak_call { /* a call of a stack */
	uint64_t ip, offset;
	char *symbol, *module, *file; /* NULL: not known */
	int line;
};

/* Where leaking objects were allocated (sites.h). */
struct pt_leak_site {
	struct pt_leak_call *calls; /* [n_calls], innermost first, malloc itself left out */
	size_t n_calls;
	bool complete;
	uint64_t samples; /* allocations seen by it */
	uint64_t leaked;  /* of these, not reachable at the end */
	uint64_t size;    /* usable bytes of the size class */
	uint64_t bytes;   /* leaked bytes it stands for, estimated */
};

/* Bytes of the heap by what they are: of whole regions, and of what of them is resident. */
struct pt_heap_sums {
	uint64_t system; /* bytes from the kernel: what its arenas count, and mmapped chunks */
	/* of them, together; free and cached with their headers. free and top: malloc_info's "rest" and "fast" */
	uint64_t used, free, cached, own, top;
	uint64_t resident;      /* bytes of resident pages */
	uint64_t free_resident; /* of whole resident pages that malloc_trim(0) would give back */
	uint64_t top_resident;  /* of whole resident pages that it would not: tops of other arenas than the main one */
	uint64_t free_bytes_resident; /* all free bytes on resident pages, cached and top ones too */
	uint64_t used_resident;
	uint64_t pinned_huge; /* free bytes in huge pages that a few used bytes hold together */
	uint64_t mmapped, n_mmapped;
};

struct pt_hunt_view {
	pid_t pid;
	char *allocator; /* "glibc 2.36", "jemalloc"; NULL: not known */
	bool verdict;    /* false: there is none, see why */
	char *why;       /* why not, in words; or what limits it (NULL: nothing) */
	unsigned passes;
	bool converged;
	uint64_t stopped_ns_max, stopped_all_ns; /* any one thread; the whole process (0: it never was) */
	uint64_t ns;                             /* from beginning to end */
	uint64_t at_ns;                          /* CLOCK_MONOTONIC, its end */
	uint64_t objects_used;                   /* chunks in use at the last pass */
	uint64_t swapped_unread, broken;         /* bytes that could not be judged */
	struct pt_leak_sum tiers[PT_LEAK_TIERS];
	struct pt_heap_sums heap;
	struct pt_leak_object *objects; /* [n_objects], ascending by address */
	size_t n_objects;
	struct pt_leak_group *groups; /* [n_groups], most leaked bytes first */
	size_t n_groups;
	struct pt_leak *leaks; /* [n_leaks] */
	size_t n_leaks;
	struct pt_leak_site *sites; /* [n_sites] */
	size_t n_sites;
	int sites_error; /* 0, or -errno; -ENODATA: not asked for */
	/* private: */
	unsigned refs; /* atomic */
};

struct pt_hunt_view *pt_hunt_view_new(void); /* zeroed, one reference; NULL: out of memory */
struct pt_hunt_view *pt_hunt_view_ref(struct pt_hunt_view *view);
void pt_hunt_view_unref(struct pt_hunt_view *view); /* NULL is fine */
/* The object that holds the address; NULL: none of the lost ones. */
const struct pt_leak_object *pt_hunt_view_at(const struct pt_hunt_view *view, uint64_t address);

#endif
