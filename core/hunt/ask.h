/*
 * One object in full: its contents, who points at it, what it points at, and for a live one a path from a root: why it is
 * alive. Asked of the running process: a look, a heap and a pass of its own.
 */
#ifndef PT_HUNT_ASK_H
#define PT_HUNT_ASK_H

#include "core/hunt/reach.h"
#include "core/hunt/view.h"
#include "core/unwind/unwind.h"

/* A word that points from somewhere to somewhere. */
struct pt_link {
	uint64_t place;  /* address of the word; 0: in no memory (register, kernel) */
	uint64_t value;  /* where it points */
	uint64_t object; /* the object that the word lies in, or (in `out`) that it points into; 0: none */
	uint64_t size;   /* of that object */
	bool weak;
	bool is_root;
	enum pt_root_kind kind; /* if is_root */
	/*
	 * Of a root: "server+0x88 (redis-server)", "rbx of thread 4711", "main+0x20, frame 3 of thread 4711", "epoll 5"; of an
	 * object its class, NULL: not known. Raw.
	 */
	char *name;
};

struct pt_object {
	uint64_t asked; /* the address: of its contents, or of what the allocator keeps before them */
	uint64_t address, size;
	enum pt_chunk_kind kind;
	bool found;              /* the address lies in a chunk; else all that follows is zero */
	enum pt_reached reached; /* in this pass */
	uint32_t arena;
	char *class_name;     /* of its first word; NULL */
	unsigned char *bytes; /* [n_bytes], the first of it; what is absent is zero */
	size_t n_bytes;
	struct pt_link *in, *out,
		*path; /* path: from the root (first) to the word that points here (last); none: not reached */
	size_t n_in, n_out, n_path;
	/* How many there are, where not all are listed: of the path then the middle is left out, behind path[n_path / 2 - 1]. */
	uint64_t in_all, out_all, path_all;
};

struct pt_ask_options {
	size_t bytes, links; /* at most; 0: 4096, 256 */
	bool (*cancelled)(void *arg);
	void *arg;
};

/*
 * 0, -ENOTSUP: no heap that is known; -ESRCH, -EACCES, -EPERM, -EBUSY: another tracer has it; -ENOMEM, -ECANCELED. unwinder
 * may be NULL: no names that need symbols. The process runs on meanwhile: what does not fit together has changed.
 */
int pt_hunt_ask(struct pt_object **ret, struct pt_target *target, struct pt_unwinder *unwinder, uint64_t address,
		const struct pt_ask_options *options);
void pt_object_free(struct pt_object *object); /* NULL is fine */

#endif
