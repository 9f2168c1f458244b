/*
 * From a sample to its calls, from an address to its name; see unwind.h. Owns the places of code and through them the
 * modules.
 *
 * Frames are followed by the unwind tables (cfi.h), where there are none by the frame pointer. Memory is only what came
 * with the sample: the process runs on, and what its stack holds by now is of other calls.
 */
#include "core/unwind/unwind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/unwind/places.h"

struct pt_unwinder {
	struct pt_places places;
};

int pt_unwinder_new(struct pt_unwinder **ret, struct pt_kernel *k, pid_t pid)
{
	struct pt_unwinder *u = calloc(1, sizeof(*u));
	if (!u)
		return -ENOMEM;
	int error = pt_places_init(&u->places, k, pid);
	if (error) {
		pt_unwinder_free(u);
		return error;
	}
	*ret = u;
	return 0;
}

void pt_unwinder_free(struct pt_unwinder *u)
{
	if (!u)
		return;
	pt_places_free(&u->places);
	free(u);
}

void pt_unwinder_execed(struct pt_unwinder *u)
{
	pt_places_execed(&u->places);
}

void pt_unwinder_mapped(struct pt_unwinder *u, const struct pt_vma *vma)
{
	pt_places_mapped(&u->places, vma);
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

/* How the tables lead on from there. NULL: they don't; *ret_module: they are of a module that is known. */
static const struct pt_row *row_at(struct pt_unwinder *u, uint64_t at, bool *ret_code, bool *ret_module)
{
	uint64_t address;
	const struct pt_place *place = pt_places_find(&u->places, at);
	*ret_code = place != NULL;
	*ret_module = place && pt_places_locate(&u->places, place, at, &address);
	return *ret_module ? pt_module_row(place->module, address) : NULL;
}

/* By the frame pointer, if that is what the register holds: so it leads to code. */
static enum pt_step step_by_pointer(struct pt_unwinder *u, const struct pt_dump *dump, struct pt_frame *frame,
				    bool module)
{
	enum pt_step how = pt_frame_pointer_step(dump, frame);
	if (how == PT_STEP_CALLER && !pt_places_find(&u->places, frame->pc - 1))
		return PT_STEP_LOST;
	if (how == PT_STEP_END && !module) /* zero may be just a number there */
		return PT_STEP_LOST;
	return how;
}

size_t pt_unwinder_calls(struct pt_unwinder *u, const struct pt_user *user, uint64_t *ips, size_t max,
			 bool *ret_complete)
{
	return pt_unwinder_frames(u, user, ips, NULL, max, ret_complete);
}

size_t pt_unwinder_frames(struct pt_unwinder *u, const struct pt_user *user, uint64_t *ips, uint64_t *sps, size_t max,
			  bool *ret_complete)
{
	struct pt_frame frame;
	struct pt_dump dump;
	*ret_complete = false;
	pt_places_tick(&u->places);
	if (!pt_frame_of_user(&frame, &dump, user)) {
		ips[0] = user->ip;
		if (sps)
			sps[0] = 0;
		return 1;
	}
	/*
	 * Of a caller, the byte before the return address is looked up: the address itself may be another function's. What
	 * was interrupted, by the sample or a signal, is where its address says.
	 */
	bool interrupted = true, code, module;
	for (size_t n = 0;;) {
		const uint64_t at = interrupted ? frame.pc : frame.pc - 1;
		const struct pt_row *row = row_at(u, at, &code, &module);
		interrupted = row && pt_row_is_signal(row);
		if (sps)
			sps[n] = frame.regs[PT_REG_SP];
		ips[n++] = interrupted ? frame.pc : at; /* nothing called the frame of a signal */
		enum pt_step how = row    ? pt_row_step(row, &dump, &frame)
				   : code ? step_by_pointer(u, &dump, &frame, module)
					  : PT_STEP_LOST;
		*ret_complete = how == PT_STEP_END;
		if (how != PT_STEP_CALLER || n == max)
			return n;
	}
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

void pt_unwinder_symbol(struct pt_unwinder *u, uint64_t ip, bool with_line, struct pt_symbol *ret)
{
	uint64_t address;
	pt_places_tick(&u->places);
	const struct pt_place *place = pt_places_recall(&u->places, ip);
	memset(ret, 0, sizeof(*ret));
	if (!place || !place->module)
		return;
	ret->module = place->module->path;
	ret->module_offset = ip - place->start + place->offset;
	if (!pt_places_locate(&u->places, place, ip, &address))
		return;
	ret->build_id = place->module->build_id;
	ret->module_offset = address;
	ret->name = pt_module_symbol(place->module, &u->places.env, PT_SYMBOLS_CODE, address, &ret->offset);
	if (with_line)
		pt_module_line(place->module, &u->places.env, address, &ret->file, &ret->line);
}

void pt_unwinder_data(struct pt_unwinder *u, uint64_t address, struct pt_symbol *ret)
{
	pt_places_tick(&u->places);
	memset(ret, 0, sizeof(*ret));
	const struct pt_place *place = pt_places_data(&u->places, address, &ret->module_offset);
	if (!place)
		return;
	ret->module = place->module->path;
	ret->build_id = place->module->build_id;
	ret->name = pt_module_symbol(place->module, &u->places.env, PT_SYMBOLS_DATA, ret->module_offset, &ret->offset);
}

ssize_t pt_unwinder_constant(struct pt_unwinder *u, uint64_t address, void *ret, size_t size)
{
	uint64_t at;
	const struct pt_place *place = pt_places_data(&u->places, address, &at);
	return place ? pt_module_constant(place->module, &u->places.env, place->start, place->end, at, ret, size)
		     : -ENOENT;
}

char *pt_unwinder_type(struct pt_unwinder *u, const char *mangled)
{
	return pt_demangle_type(u->places.env.demangler, mangled);
}
