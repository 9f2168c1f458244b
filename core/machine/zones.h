/*
 * Zones: how much of each is free, against its watermarks; its free lists by order and migrate type; how fragmented that
 * makes it; and what CPUs keep for themselves. Out of zoneinfo and buddyinfo, which anyone may read, and pagetypeinfo,
 * which is root's.
 */
#ifndef PT_MACHINE_ZONES_H
#define PT_MACHINE_ZONES_H

#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"

#define PT_ORDERS        16 /* free blocks are of 1 << order frames; most kernels have 11 */
#define PT_MIGRATE_TYPES 8

struct pt_zone_cpu {
	unsigned cpu;
	uint64_t count, high, batch; /* frames on its free lists; how many it may keep; how many move at once */
};

struct pt_zone_state {
	char name[16];
	int node;
	uint64_t start, spanned;                                            /* frames */
	struct pt_maybe free, boost, min, low, high, present, managed, cma; /* frames */
	uint64_t blocks[PT_ORDERS];                                         /* free blocks of an order */
	bool has_blocks;
	uint64_t by_type[PT_MIGRATE_TYPES][PT_ORDERS]; /* the same by migrate type */
	uint64_t pageblocks[PT_MIGRATE_TYPES];
	bool has_types;
	struct pt_zone_cpu *cpus; /* [n_cpus], owned */
	size_t n_cpus;
};

struct pt_zones {
	struct pt_zone_state *v; /* [n] those with memory, owned */
	size_t n;
	unsigned orders;                  /* that buddyinfo shows */
	char types[PT_MIGRATE_TYPES][16]; /* [n_types] "Unmovable", ... */
	unsigned n_types;
	struct pt_maybe pageblock_order;
	int types_error; /* -errno of pagetypeinfo: -EACCES where only root may */
};

/* 0; -errno of zoneinfo or buddyinfo. */
int pt_zones_read(struct pt_kernel *k, struct pt_zones *ret);
void pt_zones_free(struct pt_zones *zones);
/* pure: each adds what its file says of zones that are there; pt_parse_zones makes them. 0, -ENOMEM, -EBADMSG. */
int pt_parse_zones(const char *text, size_t size, struct pt_zones *ret);
void pt_parse_buddyinfo(const char *text, size_t size, struct pt_zones *zones);
void pt_parse_pagetypeinfo(const char *text, size_t size, struct pt_zones *zones);

uint64_t pt_zone_per_cpu(const struct pt_zone_state *zone); /* frames on free lists of CPUs */
/*
 * The part of the free frames that is of no use for a block of this order, 0 .. 1, as the kernel's unusable_index;
 * unknown without free lists.
 */
bool pt_zone_unusable(const struct pt_zone_state *zone, unsigned order, double *ret);
/*
 * Why a block of this order would not be had, as the kernel's fragmentation index: towards 0 for want of memory, towards
 * 1 for fragmentation. False: there is one, or free lists are unknown.
 */
bool pt_zone_fragmentation(const struct pt_zone_state *zone, unsigned order, double *ret);

#endif
