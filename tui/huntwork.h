/*
 * Where hunts come from (tui/hunt.h): the process itself, or a test; and the worker that begins and ends them, which may
 * take a moment. What the main thread asks of a hunt itself never blocks; it may do so as long as it has not freed the
 * worker.
 */
#ifndef UI_HUNTWORK_H
#define UI_HUNTWORK_H

#include "core/hunt/heappages.h"
#include "core/hunt/hunt.h"
#include "tui/worker.h"

struct ui_hunt_ops {
	/* In the worker's thread. Errors as pt_hunt_new. */
	int (*open)(void **ret, pid_t pid, const struct pt_hunt_options *options);
	void (*close)(void *self);
	/* In the main thread; as those of core/hunt/hunt.h. */
	int (*fd)(void *self);
	struct pt_hunt_progress (*progress)(void *self);
	struct pt_hunt_view *(*take)(void *self, int *ret_error);
	int (*pages)(void *self, struct pt_heap_page **ret, size_t *ret_n);
	void (*ask)(void *self, uint64_t address);
	struct pt_object *(*answer)(void *self, int *ret_error);
	void (*free_object)(struct pt_object *object);
};
extern const struct ui_hunt_ops ui_hunt_live;

struct ui_hunt_request {
	pid_t pid;
	struct pt_hunt_options options;
};

struct ui_hunt_opened {
	int error; /* -errno, of opening */
	void *hunt;
};

/* A worker of one struct ui_hunt_request, which answers with a struct ui_hunt_opened (to be given to free()) and ends the
 * hunt when it ends. */
int ui_huntwork_new(struct ui_worker **ret, const struct ui_hunt_ops *ops);

#endif
