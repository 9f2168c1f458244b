/*
 * A made-up source of hunts for the stage (stage.h): progress, views, pages and answers come when a test says so. There is
 * one at a time.
 */
#ifndef TESTS_SCRIPTED_HUNT_H
#define TESTS_SCRIPTED_HUNT_H

#include "tui/huntwork.h"

struct scripted_hunt {
	int open_error; /* what opening fails with */
	/* what became of it */
	unsigned opened, closed;
	struct pt_hunt_options options; /* of the last one */
	uint64_t asked;                 /* about, last */
	unsigned asks;
	/* private */
	struct pt_hunt_progress progress;
	struct pt_hunt_view *next;
	int error;
	bool has_pages;
	struct pt_object *answer;
	int answer_error;
	int fd;
};
extern struct scripted_hunt scripted_hunt;
extern const struct ui_hunt_ops scripted_hunt_ops;

void scripted_hunt_begin(void);
void scripted_hunt_end(void);
void scripted_hunt_progress(enum pt_hunt_stage stage, unsigned pass, double done, uint64_t suspects);
/* Takes over the reference. With made-up pages of the stage's heap, if `pages`. */
void scripted_hunt_push(struct pt_hunt_view *view, bool pages);
void scripted_hunt_fail(int error);
/* Takes over the object. */
void scripted_hunt_reply(struct pt_object *object, int error);

/* Leaks of all sorts in the heap of the process on stage, with hostile names; and with sampled sites. */
struct pt_hunt_view *made_hunt(void);
struct pt_hunt_view *made_hunt_with_sites(void);
/* One that found nothing, and one without a verdict. */
struct pt_hunt_view *made_clean_hunt(void);
struct pt_hunt_view *made_no_verdict(const char *allocator, const char *why);
/* One object that is alive, with a path, pointers to it and from it; one that is leaked. */
struct pt_object *made_live_object(void);
struct pt_object *made_lost_object(void);
#define MADE_LIVE 0x55d100002040ull
#define MADE_LOST 0x55d100001010ull

#endif
