/*
 * Who maps a frame, and with whom the target shares its pages, for screens: a worker of the shell's keeps the index over
 * all processes, which is built when someone first asks and brought up to date when an answer is to be, and answers one
 * question at a time. It stays when the screen that asked goes, so that the next question is answered at once.
 */
#ifndef UI_OWNERS_H
#define UI_OWNERS_H

#include "core/machine/frameinfo.h"
#include "core/machine/nodes.h"
#include "core/owners/owners.h"
#include "core/owners/sharing.h"
#include "tui/worker.h"

#define UI_OWNERS_NAMED 512 /* of so many mappings it is looked up what is mapped there */

struct ui_shell;

struct ui_owners_answer {
	uint64_t pfn; /* that was asked for */
	int error;    /* -errno; then there are none: -EPERM where frame numbers are hidden */
	struct pt_owners_answer owners;
	struct pt_frame_mapping *mappings; /* [n_mappings], of the first owners */
	size_t n_mappings;
	struct pt_frame_mapping file; /* if has_file */
	bool has_file;
	struct pt_owners_size size; /* of the index */
};

#define UI_SHARING_GROUPS 4 /* sets of sharers that are told apart on a map */

/* With whom a process shares its pages, as of one of its snapshots; and on which nodes it runs. */
struct ui_sharing {
	pid_t pid;
	uint64_t start_time;
	int error;                  /* -errno; then there is nothing more: -EPERM where frame numbers are hidden */
	struct pt_sharing *sharing; /* of the whole process */
	struct pt_sharing_set groups[UI_SHARING_GROUPS]; /* [n_groups], those with the most pages, the largest first */
	size_t n_groups;
	struct pt_nodes nodes; /* none: the kernel says nothing of them */
	struct pt_node_threads threads;
	uint64_t took_ns;
};

/* Which frames are of which memory node: the machine's, asked for once. */
struct ui_nodes {
	int error; /* -ENODATA: the kernel says nothing of nodes */
	struct pt_nodes nodes;
};

struct ui_owners {
	struct ui_worker *worker;        /* NULL: nobody asked yet */
	struct ui_owners_state *state;   /* the worker's, for as long as that is there */
	struct ui_owners_answer *answer; /* the newest; NULL: none yet */
	uint64_t asked;                  /* PFN; UINT64_MAX: none */
	uint64_t due_ns;                 /* monotonic: when to ask again */
	struct ui_sharing *sharing;      /* the newest; NULL: none yet. For screens: ui_sharing_now */
	unsigned sharing_version;        /* counts those */
	pid_t sharing_asked;             /* of whom; 0: none */
	uint64_t sharing_due_ns;
	struct ui_nodes *nodes; /* NULL: not known yet */
	bool failed;            /* it could not be started */
};

/* Fetches the answer for a frame and keeps it up to date: to be called as long as it is of interest. */
void ui_owners_ask(struct ui_shell *shell, uint64_t pfn);
/*
 * Likewise, with whom the target shares its pages as they are now. It is asked again when 5 s have passed, or twenty times
 * what the last answer took.
 */
void ui_owners_ask_sharing(struct ui_shell *shell);
/* Fetches the nodes, if they are not there yet. */
void ui_owners_ask_nodes(struct ui_shell *shell);
/* Asks again at once, for a frame. */
void ui_owners_again(struct ui_shell *shell);
/* The newest answer for that frame; NULL: not yet. It lives until ui_owners_ask. */
const struct ui_owners_answer *ui_owners_of(const struct ui_owners *owners, uint64_t pfn);
/* How far the index is, while it is being built; false: it is not. */
bool ui_owners_building(const struct ui_owners *owners, struct pt_owners_progress *ret);
/* A descriptor that is readable when there is an answer, into fds; how many. */
size_t ui_owners_fds(const struct ui_owners *owners, int *fds, size_t n);
void ui_owners_free(struct ui_owners *owners, int wait_ms);

#endif
