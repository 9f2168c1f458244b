/*
 * Dump: the contents of a process as an ELF core. Only pages that are present are read, each asked for right before, so
 * that reading puts none into the target; the target is stopped only as long as wished.
 */
#ifndef PT_DUMP_DUMP_H
#define PT_DUMP_DUMP_H

#include "core/dump/reader.h"
#include "core/dump/writer.h"
#include "core/kernel/kernel.h"

struct pt_dump_wish {
	enum pt_dump_stop stop;
	bool all;              /* also what MADV_DONTDUMP covers */
	bool swapped;          /* also what is swapped out, which reading brings back into the target's memory */
	bool clear_soft_dirty; /* of the target, before its pages are read */
	/* only pages that are not as this one has them; not incremental itself. NULL: all. And its file's name. */
	const struct pt_core *base;
	const char *base_name;
	/* Called every few milliseconds; nonzero ends the dump with it. May be NULL. */
	int (*step)(void *arg, uint64_t done_bytes, uint64_t all_bytes);
	void *arg;
};

struct pt_dump_report {
	struct pt_dump_info info;
	struct pt_process process;
	uint64_t pages[PT_CONTENT_N];
	size_t threads, with_registers;
	uint64_t file_size; /* holes included */
};

/*
 * -ESRCH: no such process, or it ended or became another program meanwhile; -EACCES, -EPERM; -ENODATA: a kernel thread;
 * -EOPNOTSUPP: bits to be cleared that this kernel does not have; -EBUSY: to be stopped, but traced by another;
 * -ENOENT: no smaps, which tells what to leave out; -ENOMEM; what `step` and the sink said. After an error what the sink has is no dump.
 */
int pt_dump(struct pt_kernel *k, pid_t pid, const struct pt_dump_wish *wish, struct pt_sink sink,
	    struct pt_dump_report *ret);

#endif
