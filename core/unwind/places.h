/*
 * Where code is in a process: its executable mappings, and those it had. One process, one image of it after the other.
 */
#ifndef PT_UNWIND_PLACES_H
#define PT_UNWIND_PLACES_H

#include "core/unwind/module.h"

struct pt_place {
	uint64_t start, end, offset; /* offset: of start in the file */
	struct pt_module *module;    /* NULL: code in no file, made by the program itself */
};

struct pt_places {
	struct pt_module_env env;
	/* private: */
	struct pt_module **modules; /* [n_modules], all that ever were */
	size_t n_modules;
	struct pt_place *v; /* [n], by address */
	size_t n;
	struct pt_place *gone; /* [n_gone], the latest last */
	size_t n_gone;
	uint64_t now_ns;
	uint64_t read_ns, cost_ns; /* when maps were read, and how long that took */
	bool forced;               /* to be read anew */
};

/* Reads maps. 0, -ESRCH, -EACCES, -ENOMEM; to be freed in any case. */
int pt_places_init(struct pt_places *places, struct pt_kernel *k, pid_t pid);
void pt_places_free(struct pt_places *places); /* what it holds */
void pt_places_execed(struct pt_places *places);
/* Code has been mapped: start, end, offset, inode, device and path. */
void pt_places_mapped(struct pt_places *places, const struct pt_vma *vma);
/* Time passes. What is below and reads maps anew does not do it more often than they cost. */
void pt_places_tick(struct pt_places *places);
/* Where that address is now; NULL: no code there, also after a look into maps that are not quite new. */
const struct pt_place *pt_places_find(struct pt_places *places, uint64_t address);
/* The same, but as it was when there was code. */
const struct pt_place *pt_places_recall(struct pt_places *places, uint64_t address);
/* The place of a module that has data at an address; *ret: as its file counts. NULL: no module has. */
const struct pt_place *pt_places_data(struct pt_places *places, uint64_t address, uint64_t *ret);
/* By a place to the address the file counts by; false: nothing is known there. */
bool pt_places_locate(struct pt_places *places, const struct pt_place *place, uint64_t address, uint64_t *ret);

#endif
