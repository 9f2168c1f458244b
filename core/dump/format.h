/*
 * What a dump holds, and what it says of itself. A dump is an ELF core as debuggers open it. Beside the notes that they
 * look for it has three of our own, of the name PAGETOP:
 *
 *   PT_NOTE_DUMP    lines of text "KEY VALUE\n": struct pt_dump_info (info.c has the keys)
 *   PT_NOTE_MAPS    /proc/PID/maps as it was
 *   PT_NOTE_PAGES   an array of struct pt_run, ascending: what is known of the contents of every page
 *
 * Numbers are in the byte order of the machine that wrote them, which the ELF header tells.
 */
#ifndef PT_DUMP_FORMAT_H
#define PT_DUMP_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PT_NOTE_NAME "PAGETOP"
/* Types that no debugger takes for one of its own: BFD looks at types alone where it does not know a name. */
enum pt_note_type { PT_NOTE_DUMP = 0x50540001, PT_NOTE_MAPS = 0x50540002, PT_NOTE_PAGES = 0x50540003 };

#define PT_DUMP_VERSION 1

#define PT_DUMP_PAGE_MOST (1u << 18) /* bytes of a page, at most */

/* What is known of a page's contents. Part of the format: only ever add at the end. */
enum pt_content {
	PT_CONTENT_STORED,     /* they are in this file */
	PT_CONTENT_SAME,       /* they are what the base has; in incremental dumps */
	PT_CONTENT_ZERO,       /* private memory that was never written: zeros */
	PT_CONTENT_FILE,       /* not in memory here: what the mapped file has on disk */
	PT_CONTENT_ELSEWHERE,  /* not in memory here: shared memory, or the kernel's own */
	PT_CONTENT_SWAPPED,    /* swapped out, and left there */
	PT_CONTENT_DONTDUMP,   /* left out as MADV_DONTDUMP asks */
	PT_CONTENT_USERFAULT,  /* left out: reading could wait for the program's own fault handler */
	PT_CONTENT_DEVICE,     /* left out: device memory, or the kernel's buffers */
	PT_CONTENT_MARKER,     /* guard or poison: there are no contents */
	PT_CONTENT_UNREADABLE, /* the kernel refused, or it went away meanwhile */
	PT_CONTENT_N
};

/* Pages [start, end) that the same is known of. */
struct pt_run {
	uint64_t start, end;
	uint32_t content; /* enum pt_content */
	uint32_t reserved;
};

enum pt_dump_stop {
	PT_STOP_NONE,      /* the target goes on: pages are of different moments, there are no registers */
	PT_STOP_REGISTERS, /* stopped while registers are read, not while pages are */
	PT_STOP_ALL,       /* stopped throughout: all is of one moment */
	PT_STOP_N
};

#define PT_DUMP_ID   128 /* bytes of an id, with its NUL */
#define PT_DUMP_NAME 256

struct pt_dump_info {
	char id[PT_DUMP_ID];  /* of this dump, unlike any other */
	char boot[64];        /* which boot of which machine */
	pid_t pid;            /* of the target, */
	uint64_t start_time;  /* and its start, in clock ticks after boot */
	uint64_t realtime_ns; /* when reading began */
	uint64_t took_ns;     /* from then until all was read */
	uint64_t stopped_ns;  /* of these the target stood still */
	enum pt_dump_stop stop;
	unsigned page_shift;      /* log2 of the page size */
	char base[PT_DUMP_NAME];  /* file name of the base, without folders; "": this dump is whole */
	char base_id[PT_DUMP_ID]; /* its id */
	bool by_soft_dirty;       /* pages that soft-dirty called unchanged were not compared with the base */
	bool cleared_soft_dirty;  /* the target's soft-dirty bits were cleared before its pages were read */
};

/* "stored", "as-in-base": one word, static storage. And a sentence for people. */
const char *pt_content_name(enum pt_content content);
const char *pt_content_words(enum pt_content content);
/* "none", "registers", "all" */
const char *pt_stop_name(enum pt_dump_stop stop);

/* The contents are known without the base: bytes can be had of this file alone. */
static inline bool pt_content_here(unsigned content)
{
	return content == PT_CONTENT_STORED || content == PT_CONTENT_ZERO;
}

/* The text of PT_NOTE_DUMP; how much of `ret` it takes. */
size_t pt_info_print(const struct pt_dump_info *info, char *ret, size_t size);
/* Keys it does not know are passed over. False: no such text, or one of a later version. */
bool pt_info_parse(const char *text, size_t size, struct pt_dump_info *ret);

#endif
