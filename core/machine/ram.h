/*
 * Where memory is: of all frame numbers up to the machine's last those that have memory, those that are offline, and the
 * holes in between; and the zones. Out of zoneinfo, the memory blocks of sysfs, and iomem where it may be read (root).
 * Without iomem, small holes that firmware keeps inside a memory block count as memory.
 *
 * An axis is what of that a map shows end to end: everything but holes that are too long to be worth looking at.
 */
#ifndef PT_MACHINE_RAM_H
#define PT_MACHINE_RAM_H

#include "core/kernel/readers.h"

struct pt_ram_piece {
	uint64_t first, n; /* frames */
	bool offline;      /* a memory block that is switched off */
};

struct pt_ram {
	struct pt_ram_piece *v; /* [n], rising, apart from each other; owned */
	size_t n;
	struct pt_zone *zones; /* [n_zones] that have memory; owned */
	size_t n_zones;
	uint64_t frames;       /* the number after the last */
	uint64_t online;       /* frames with memory */
	uint64_t block_frames; /* of a memory block; 0: there are none */
	bool exact;            /* iomem could be read */
};

/* 0, -errno (no zoneinfo: nothing is known). */
int pt_ram_read(struct pt_kernel *k, struct pt_ram *ret);
int pt_ram_copy(const struct pt_ram *ram, struct pt_ram *ret); /* 0 or -ENOMEM */
void pt_ram_free(struct pt_ram *ram);
/* pure: "System RAM" of iomem into [start, end) frames; false where addresses are hidden or there is none; free(*ret). */
bool pt_parse_iomem(const char *text, size_t size, unsigned page_shift, struct pt_stretch **ret, size_t *ret_n);

struct pt_ram_axis {
	struct pt_ram_axis_part {
		uint64_t first, n, at; /* frames, and the position of the first */
	} * v;                         /* [n]; owned */
	size_t n;
	uint64_t positions; /* of all of it */
	uint64_t left_out;  /* frames of holes that were cut out */
};
/* Of the frames [first, first + n). 0 or -ENOMEM. */
int pt_ram_axis_init(struct pt_ram_axis *axis, const struct pt_ram *ram, uint64_t first, uint64_t n);
void pt_ram_axis_free(struct pt_ram_axis *axis);
/* The frame at a position (of those past the end: the number after the last), and the position of a frame or of the
 * next that the axis has. */
uint64_t pt_ram_axis_frame(const struct pt_ram_axis *axis, uint64_t position);
uint64_t pt_ram_axis_position(const struct pt_ram_axis *axis, uint64_t pfn);

#endif
