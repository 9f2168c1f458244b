/*
 * Asking an index of owners. Every answer is held against pagemap as it is now, and against kpagecount before and after:
 * where that changed in between, all is asked once more.
 */
#include "core/owners/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"
#include "core/owners/owners_parts.h"

#define TRIES 3 /* while the count changes */

/* ---- lives ------------------------------------------------------------------------------------------------------ */

void pt_piece_unref(struct pt_piece *piece)
{
	if (!piece || __atomic_sub_fetch(&piece->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(piece->runs);
	free(piece);
}

struct pt_owners *pt_owners_ref(struct pt_owners *owners)
{
	__atomic_add_fetch(&owners->refs, 1, __ATOMIC_RELAXED);
	return owners;
}

void pt_owners_unref(struct pt_owners *owners)
{
	if (!owners || __atomic_sub_fetch(&owners->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < owners->n; i++)
		pt_piece_unref(owners->v[i].piece);
	free(owners->v);
	free(owners);
}

struct pt_owners_size pt_owners_size(const struct pt_owners *owners)
{
	struct pt_owners_size size = {
		.processes = owners->n, .refused = owners->refused, .bytes = owners->n * sizeof(*owners->v)};
	for (size_t i = 0; i < owners->n; i++) {
		size.pages += owners->v[i].piece->pages;
		size.bytes += sizeof(struct pt_piece) + owners->v[i].piece->n * sizeof(struct pt_run);
	}
	return size;
}

/* ---- looking up ------------------------------------------------------------------------------------------------- */

/* The first run that begins at `pfn` or above. */
static size_t first_run(const struct pt_piece *piece, uint64_t pfn)
{
	size_t low = 0, high = piece->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pt_run_pfn(&piece->runs[middle]) < pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Runs may overlap, so each is held against the frames on its own; they ascend together. */
static void each_in_piece(const struct pt_owners *owners, const struct pt_piece *piece, const uint64_t *pfns, size_t n,
			  void (*each)(void *arg, size_t i, pid_t pid, uint64_t address), void *arg)
{
	size_t low = 0;
	uint64_t least = pfns[0] < PT_RUN_PAGES ? 0 : pfns[0] - PT_RUN_PAGES + 1;
	for (size_t at = first_run(piece, least); at < piece->n; at++) {
		const struct pt_run *run = &piece->runs[at];
		uint64_t pfn = pt_run_pfn(run), end = pfn + pt_run_n(run);
		while (low < n && pfns[low] < pfn)
			low++;
		if (low == n)
			return;
		for (size_t i = low; i < n && pfns[i] < end; i++)
			each(arg, i, piece->pid, (run->page + (pfns[i] - pfn)) << owners->page_shift);
	}
}

void pt_owners_each(const struct pt_owners *owners, const uint64_t *pfns, size_t n,
		    void (*each)(void *arg, size_t i, pid_t pid, uint64_t address), void *arg)
{
	for (size_t i = 0; i < owners->n && n; i++)
		each_in_piece(owners, owners->v[i].piece, pfns, n, each, arg);
}

/* ---- verified --------------------------------------------------------------------------------------------------- */

struct asking {
	struct pt_kernel *k;
	const struct pt_owners *owners;
	const struct pt_piece *piece; /* whose pagemap is open */
	uint64_t pfn;
	int pagemap; /* -1: it cannot be opened, -2: not tried yet */
	char name[16];
	struct pt_owner *v;
	size_t n, room;
	bool no_memory;
};

static void open_piece(struct asking *a)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/pagemap", (int)a->piece->task);
	a->pagemap = a->k->ops->open(a->k, path, O_RDONLY);
	memcpy(a->name, a->piece->name, sizeof(a->name));
	if (a->pagemap >= 0)
		pt_read_comm(a->k, a->piece->pid, a->name, sizeof(a->name));
}

static bool is_mapped_huge(struct asking *a, uint64_t address)
{
	struct ps_region region = {0};
	struct ps_arg arg = {.size = sizeof(arg),
			     .start = address,
			     .end = address + (1ull << a->owners->page_shift),
			     .vec = (uint64_t)(uintptr_t)&region,
			     .vec_len = 1,
			     .category_mask = PS_PRESENT | PS_HUGE,
			     .return_mask = PS_HUGE};
	return pt_signal_has(&a->owners->signals, PT_SIG_PAGEMAP_SCAN) &&
	       a->k->ops->ioctl(a->k, a->pagemap, PT_PAGEMAP_SCAN, &arg) > 0;
}

static bool make_room(struct asking *a)
{
	if (a->n < a->room)
		return true;
	size_t room = a->room ? a->room * 2 : 16;
	struct pt_owner *more = realloc(a->v, room * sizeof(*more));
	if (!more) {
		a->no_memory = true;
		return false;
	}
	a->v = more;
	a->room = room;
	return true;
}

static void verify(void *arg, size_t i, pid_t pid, uint64_t address)
{
	struct asking *a = arg;
	uint64_t entry;
	(void)i;
	if (a->pagemap == -2)
		open_piece(a);
	if (a->pagemap < 0 ||
	    a->k->ops->pread(a->k, a->pagemap, &entry, 8, (address >> a->owners->page_shift) * 8) != 8)
		return;
	if (!(entry & PM_PRESENT) || (entry & PM_PFN_MASK) != a->pfn || !make_room(a))
		return;
	struct pt_owner *owner = &a->v[a->n++];
	*owner = (struct pt_owner){.pid = pid, .address = address, .huge = is_mapped_huge(a, address)};
	memcpy(owner->name, a->name, sizeof(owner->name));
}

static void ask_all(struct asking *a)
{
	a->n = 0;
	for (size_t i = 0; i < a->owners->n && !a->no_memory; i++) {
		a->piece = a->owners->v[i].piece;
		a->pagemap = -2;
		each_in_piece(a->owners, a->piece, &a->pfn, 1, verify, a);
		if (a->pagemap >= 0)
			a->k->ops->close(a->k, a->pagemap);
	}
}

static bool read_word(struct pt_kernel *k, const char *path, uint64_t pfn, uint64_t *ret)
{
	int fd = k->ops->open(k, path, O_RDONLY);
	bool read = fd >= 0 && k->ops->pread(k, fd, ret, 8, pfn * 8) == 8;
	if (fd >= 0)
		k->ops->close(k, fd);
	return read;
}

static enum pt_owners_missing why(const struct asking *a, const struct pt_owners_answer *answer)
{
	uint64_t flags = 0;
	if (!answer->has_count || a->owners->signals.of[PT_SIG_MAP_COUNT].given != PT_GIVEN)
		return answer->has_count && answer->n >= answer->count ? PT_OWNERS_ALL_FOUND : PT_OWNERS_COUNT_UNKNOWN;
	if (answer->n >= answer->count)
		return PT_OWNERS_ALL_FOUND;
	if (a->owners->refused)
		return PT_OWNERS_NOT_PERMITTED;
	bool kernels = read_word(a->k, "proc/kpageflags", a->pfn, &flags) && flags & KPF(RESERVED);
	return kernels ? PT_OWNERS_KERNEL : PT_OWNERS_CHANGED;
}

static uint64_t oldest(const struct pt_owners *owners)
{
	uint64_t ns = owners->n ? UINT64_MAX : 0;
	for (size_t i = 0; i < owners->n; i++)
		ns = owners->v[i].piece->read_ns < ns ? owners->v[i].piece->read_ns : ns;
	return ns;
}

int pt_owners_of(const struct pt_owners *owners, struct pt_kernel *k, uint64_t pfn, struct pt_owners_answer *ret)
{
	struct asking a = {.k = k, .owners = owners, .pfn = pfn};
	struct pt_owners_answer answer = {.oldest_ns = oldest(owners)};
	bool changed = true;
	for (int i = 0; i < TRIES && changed && !a.no_memory; i++) {
		uint64_t before;
		bool had = read_word(k, "proc/kpagecount", pfn, &before);
		ask_all(&a);
		answer.has_count = read_word(k, "proc/kpagecount", pfn, &answer.count);
		changed = had && answer.has_count && before != answer.count;
	}
	if (a.no_memory) {
		free(a.v);
		return -ENOMEM;
	}
	answer.v = a.v;
	answer.n = a.n;
	answer.missing = why(&a, &answer);
	*ret = answer;
	return 0;
}
