/*
 * Dumps as files: one that is being written, and one that is read. What goes wrong is said in one line.
 */
#ifndef UI_CORE_FILE_H
#define UI_CORE_FILE_H

#include "core/dump/reader.h"
#include "core/dump/writer.h"

struct ui_core_out {
	const char *path;
	int fd;
	int error; /* of a write: errno */
};

/*
 * Makes a file that its owner alone can read. One that is there already is left alone unless `force`, and never
 * replaced if it is the one that `not_this` reads (may be NULL). UI_OK, or says why not and returns the status.
 */
struct ui_core_in;
int ui_core_create(struct ui_core_out *out, const char *path, bool force, const struct ui_core_in *not_this);
struct pt_sink ui_core_sink(struct ui_core_out *out);
/* Closes it; *ret_disk: bytes that it takes on disk. UI_OK; where that fails it is removed, and the status says so. */
int ui_core_keep(struct ui_core_out *out, uint64_t *ret_disk);
/* Removes it. If it was writing that failed, says so and returns the status for it, else UI_OK. */
int ui_core_drop(struct ui_core_out *out);

struct ui_core_in {
	int fd;
	struct pt_core *core;
};

/* UI_OK, or says what is wrong with the file and returns the status. */
int ui_core_open(struct ui_core_in *in, const char *path);
void ui_core_close(struct ui_core_in *in); /* of zeroes too */

#endif
