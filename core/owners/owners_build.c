/*
 * Building an index of owners: every process's piece, new or taken over from an older index. Those that come while it
 * is read are read as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"
#include "core/kernel/readers.h"
#include "core/owners/owners_piece.h"

#define ROUNDS 3 /* over /proc, for those that came meanwhile */

/* ---- who there is ----------------------------------------------------------------------------------------------- */

struct pids {
	pid_t *v; /* [n], ascending */
	size_t n;
};

static int by_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
	return (x > y) - (x < y);
}

static int list_pids(struct pt_kernel *k, struct pids *ret)
{
	*ret = (struct pids){0};
	int error = pt_read_pids(k, &ret->v, &ret->n);
	if (!error && ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_pid);
	return error;
}

/* ---- what moves frames without a trace in a process ------------------------------------------------------------- */

static uint64_t number_in(struct pt_kernel *k, const char *path)
{
	char *text;
	size_t size;
	uint64_t n = 0;
	if (pt_kernel_slurp(k, path, &text, &size))
		return 0;
	struct pt_cursor c = {text, text + size};
	pt_take_decimal(&c, &n);
	free(text);
	return n;
}

/* Migration, khugepaged and KSM put other frames behind addresses, and no counter of the process shows it. */
static uint64_t count_moves(struct pt_kernel *k)
{
	static const char *const keys[] = {"pgmigrate_success", "thp_collapse_alloc", "thp_split_pmd"};
	char *text;
	size_t size;
	uint64_t moves = number_in(k, "sys/kernel/mm/ksm/pages_shared") +
			 (number_in(k, "sys/kernel/mm/ksm/pages_sharing") << 32),
		 n;
	if (pt_kernel_slurp(k, "proc/vmstat", &text, &size))
		return moves;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (pt_parse_counter(text, size, keys[i], &n))
			moves += n;
	free(text);
	return moves;
}

/* ---- the index -------------------------------------------------------------------------------------------------- */

struct build {
	struct pt_kernel *k;
	const struct pt_owners_request *request;
	struct pt_owners *owners;
	struct pids seen; /* of the rounds before */
	size_t room;
	bool moved; /* nothing of the older index is good any more */
};

static struct pt_piece *piece_of(const struct pt_owners *owners, pid_t pid)
{
	size_t low = 0, high = owners ? owners->n : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (owners->v[middle].piece->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return owners && low < owners->n && owners->v[low].piece->pid == pid ? owners->v[low].piece : NULL;
}

static int keep(struct build *b, struct pt_piece *piece)
{
	struct pt_owners *o = b->owners;
	if (o->n == b->room) {
		size_t room = b->room ? b->room * 2 : 256;
		struct pt_piece_ref *more = realloc(o->v, room * sizeof(*more));
		if (!more) {
			pt_piece_unref(piece);
			return -ENOMEM;
		}
		o->v = more;
		b->room = room;
	}
	o->v[o->n++].piece = piece;
	return 0;
}

static int add_process(struct build *b, pid_t pid)
{
	const struct pt_owners_request *r = b->request;
	struct pt_piece *piece;
	struct pt_piece_request one = {&b->owners->signals, r->cancel, b->moved ? NULL : piece_of(r->before, pid)};
	if (r->only && !r->only(r->arg, pid))
		return 0;
	if (r->cancel && *r->cancel)
		return -ECANCELED;
	int error = pt_piece_read(b->k, pid, &one, &piece);
	if (error == -ENOMEM || error == -ECANCELED)
		return error;
	if (!error && r->progress)
		__atomic_add_fetch(&r->progress->pages, piece->pages, __ATOMIC_RELAXED);
	if (error == -EACCES || error == -EPERM)
		b->owners->refused++;
	return error ? 0 : keep(b, piece); /* it ended, or never had memory */
}

static bool was_seen(const struct pids *seen, pid_t pid)
{
	return seen->n && bsearch(&pid, seen->v, seen->n, sizeof(pid), by_pid);
}

/* Whether anyone came since the round before. */
static int run_round(struct build *b, bool *ret_came)
{
	struct pt_owners_progress *progress = b->request->progress;
	struct pids now;
	int error = list_pids(b->k, &now);
	if (error)
		return error;
	if (progress)
		__atomic_store_n(&progress->of_processes, now.n, __ATOMIC_RELAXED);
	*ret_came = false;
	for (size_t i = 0; i < now.n && !error; i++) {
		if (!was_seen(&b->seen, now.v[i])) {
			*ret_came = true;
			error = add_process(b, now.v[i]);
		}
		if (progress)
			__atomic_store_n(&progress->processes, i + 1, __ATOMIC_RELAXED);
	}
	free(b->seen.v);
	b->seen = now;
	return error;
}

static int by_piece(const void *a, const void *b)
{
	pid_t x = ((const struct pt_piece_ref *)a)->piece->pid, y = ((const struct pt_piece_ref *)b)->piece->pid;
	return (x > y) - (x < y);
}

static int run(struct build *b)
{
	struct pt_owners *o = b->owners;
	bool came = true;
	int error = 0;
	for (int i = 0; i < ROUNDS && came && !error; i++)
		error = run_round(b, &came);
	free(b->seen.v);
	if (o->n)
		qsort(o->v, o->n, sizeof(*o->v), by_piece);
	return error;
}

int pt_owners_build(struct pt_kernel *k, const struct pt_owners_request *request, struct pt_owners **ret)
{
	struct pt_owners *owners = calloc(1, sizeof(*owners));
	struct build b = {.k = k, .request = request, .owners = owners};
	if (!owners)
		return -ENOMEM;
	owners->refs = 1;
	owners->page_shift = k->page_shift;
	if (request->signals)
		owners->signals = *request->signals;
	else if (request->before)
		owners->signals = request->before->signals;
	else
		pt_probe_signals(k, 0, &owners->signals);
	owners->moves = count_moves(k);
	b.moved = request->before && request->before->moves != owners->moves;
	int error = pt_signal_has(&owners->signals, PT_SIG_PFN) ? run(&b) : -EPERM;
	if (error)
		pt_owners_unref(owners);
	else
		*ret = owners;
	return error;
}
