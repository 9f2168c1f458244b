/*
 * What pagetop system asks of the machine, for its text and JSON.
 */
#ifndef UI_SYSTEM_H
#define UI_SYSTEM_H

#include "core/machine/debugging.h"
#include "core/machine/pageowner.h"
#include "core/machine/picture.h"
#include "core/machine/zones.h"
#include "core/procs/slabs.h"
#include "tui/option.h"

struct ui_system {
	unsigned page_shift;
	struct pt_ram ram;
	struct pt_picture *picture; /* of what could be read: the rest is unknown */
	int flags_error;            /* -errno of kpageflags */
	struct pt_zones zones;
	struct pt_slab_list slabs;
	int slabs_error;            /* -errno */
	struct pt_slab_list before; /* slabs --for SECONDS earlier; */
	bool has_before;            /* if that was asked for and could be read */
	struct pt_debug_feature debugging[PT_DEBUG_FEATURES];
	size_t n_debugging;
};

/* Bytes that a slab cache takes, and what it grew by since before: all of it where it was not there. */
uint64_t ui_system_slab_bytes(const struct ui_system *s, const struct pt_slab *slab);
int64_t ui_system_slab_growth(const struct ui_system *s, const struct pt_slab *slab);

/* An exit status; what failed was said. */
int ui_system_text(const struct ui_options *options, const struct ui_system *s);
int ui_system_json(const struct ui_system *s);

/* --page-owner, and its options. */
int ui_system_owners(const struct ui_options *options, struct pt_kernel *k);
int ui_system_take_by(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_system_take_group(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_system_take_only(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_system_take_owner(const char *value, struct ui_options *o, struct ui_complaint *c);

#endif
