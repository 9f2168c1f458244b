/*
 * Why a page faults again and again: rules from the kind of most of its faults and what was seen about them, and the
 * sentences. Where what was seen allows several reasons, it says which, and names none.
 */
#include "core/faults/repeat.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct why {
	const struct pt_repeat_case *c;
	char *text;
	size_t size, at;
};

__attribute__((format(printf, 2, 3))) static void say(struct why *w, const char *format, ...)
{
	va_list args;
	if (w->at >= w->size)
		return;
	va_start(args, format);
	int n = vsnprintf(w->text + w->at, w->size - w->at, format, args);
	va_end(args);
	w->at += n > 0 ? (size_t)n : 0;
}

/* " (vm.swappiness = 60)", "?" for a value that cannot be read. */
static void say_setting(struct why *w, const char *name, struct pt_maybe value)
{
	if (value.known)
		say(w, "%s = %" PRIu64, name, value.value);
	else
		say(w, "%s = ?", name);
}

/* ---- a sentence or two for each reason -------------------------------------------------------------------------- */

static void say_compaction(struct why *w)
{
	const struct pt_fault_system *s = w->c->system;
	say(w, "Compaction moved it to another frame%s: ", w->c->locked ? ", which mlock does not prevent" : "");
	if (w->c->locked)
		say_setting(w, "vm.compact_unevictable_allowed", s->compact_unevictable);
	else
		say_setting(w, "vm.compaction_proactiveness", s->compact_proactive);
	say(w, ".%s",
	    w->c->locked && s->compact_unevictable.known && s->compact_unevictable.value
		    ? " 0 keeps compaction away from locked pages."
		    : "");
}

static void say_khugepaged(struct why *w)
{
	const struct pt_fault_system *s = w->c->system;
	say(w, "khugepaged made a huge page of it and its neighbours: ");
	say_setting(w, "khugepaged/scan_sleep_millisecs", s->khugepaged_sleep_ms);
	say(w, ", ");
	say_setting(w, "khugepaged/defrag", s->khugepaged_defrag);
	say(w, ". MADV_NOHUGEPAGE keeps it away.");
}

static void say_numa(struct why *w)
{
	say(w, "NUMA balancing unmaps pages to learn which node uses them: ");
	say_setting(w, "kernel.numa_balancing", w->c->system->numa_balancing);
	say(w, ". A memory policy (mbind, numactl) keeps it away.");
}

static void say_ksm(struct why *w)
{
	const struct pt_repeat *r = w->c->r;
	say(w, "KSM merges it with equal pages, and writing to it copies it again");
	if (r->of_ksm)
		say(w, " (%" PRIu32 " of %" PRIu32 " faults found it merged)", r->of_ksm, r->told);
	say(w, ": ");
	say_setting(w, "mm/ksm/run", w->c->system->ksm_run);
	say(w, ", asked for by MADV_MERGEABLE or PR_SET_MEMORY_MERGE.");
}

static void say_fork(struct why *w)
{
	const struct pt_repeat *r = w->c->r;
	say(w, "A fork write-protects all private pages%s, and the next write to each faults: ",
	    w->c->locked ? ", locked ones too" : "");
	if (r->after_fork)
		say(w, "%" PRIu32 " of %" PRIu32 " faults came after a fork of this process.", r->after_fork, r->told);
	else
		say(w, "another process shared it since before pagetop came.");
	say(w, " posix_spawn, vfork and MADV_DONTFORK spare it that.");
}

static void say_soft_dirty(struct why *w)
{
	say(w, "Somebody clears soft-dirty bits (4 into /proc/PID/clear_refs), which write-protects every page%s.",
	    w->c->self_cleared ? ": pagetop does, as it was asked to" : "; CRIU and other checkpointers do");
}

static void say_reclaim(struct why *w)
{
	const struct pt_repeat *r = w->c->r;
	if (r->kinds[PT_FAULT_SWAP_IN] || r->seen_swapped) {
		say(w, "It is swapped out as memory gets short (or by MADV_PAGEOUT), and then needed again: ");
		say_setting(w, "vm.swappiness", w->c->system->swappiness);
		say(w, ", and the limits of its cgroup. mlock keeps it in memory.");
	} else {
		say(w, "This page of a file is dropped as memory gets short, and then read again: ");
		say_setting(w, "vm.swappiness", w->c->system->swappiness);
		say(w, ", and the limits of its cgroup. mlock keeps it in memory.");
	}
}

static void say_freed(struct why *w)
{
	say(w,
	    "The program gives it back itself and touches it again: MADV_DONTNEED, munmap, or an allocator that trims "
	    "its heap (M_TRIM_THRESHOLD, dirty_decay_ms).");
}

static void say_zero(struct why *w)
{
	say(w,
	    "It was read before it was written: first the zero page, then a page of its own. Writing first, or "
	    "MADV_POPULATE_WRITE, spares that%s.",
	    w->c->locked ? "; with MCL_ONFAULT or MLOCK_ONFAULT, locking does not" : "");
}

static void say_writeback(struct why *w)
{
	say(w,
	    "Each time this page of a shared file is written back, it is write-protected to notice the next write: ");
	say_setting(w, "vm.dirty_writeback_centisecs", w->c->system->writeback_cs);
	say(w, ", ");
	say_setting(w, "vm.dirty_expire_centisecs", w->c->system->expire_cs);
	say(w, ", or msync, fsync and sync.");
}

static void say_unknown_kind(struct why *w)
{
	const struct pt_repeat *r = w->c->r;
	if (r->new_frame > r->same_frame)
		say(w, "It comes back in another frame: the program frees it and touches it again, or it is moved, "
		       "merged or "
		       "swapped; which was not seen.");
	else if (r->same_frame)
		say(w,
		    "It comes back in the same frame: the program frees it and touches it again, or its protection is "
		    "changed; which was not seen.");
	else
		say(w, "What these faults did was not seen: there was no time to look at the page, or its frame is "
		       "hidden.");
}

/* What is left to say where no reason is certain. */
static void say_unknown(struct why *w)
{
	const struct pt_repeat *r = w->c->r;
	switch (pt_repeat_kind(r)) {
	case PT_FAULT_UNKNOWN: say_unknown_kind(w); return;
	case PT_FAULT_FILE_MAP:
		say(w,
		    "The file's page stayed in memory but was unmapped: by MADV_DONTNEED, munmap or truncation, or by "
		    "reclaim that began.");
		return;
	case PT_FAULT_MIGRATION:
		say(w,
		    "It came back in another frame: freed and touched again, or moved by compaction, move_pages or the "
		    "hot-unplug of memory.");
		return;
	case PT_FAULT_WRITE_PROTECT:
		say(w, "%s",
		    r->uffd ? "userfaultfd write-protects it."
			    : "Its write protection was lifted; by whom it was "
			      "set was not seen (fork, mprotect, userfaultfd).");
		return;
	case PT_FAULT_SPURIOUS:
		say(w, "The same page was there before and after: another thread was first, or mprotect changed it "
		       "meanwhile.");
		return;
	default: say(w, "No reason is certain from what was seen.");
	}
}

static void (*const tellers[PT_REPEAT_N])(struct why *w) = {
	[PT_REPEAT_UNKNOWN] = say_unknown,
	[PT_REPEAT_COMPACTION] = say_compaction,
	[PT_REPEAT_KHUGEPAGED] = say_khugepaged,
	[PT_REPEAT_NUMA_BALANCING] = say_numa,
	[PT_REPEAT_KSM] = say_ksm,
	[PT_REPEAT_FORK] = say_fork,
	[PT_REPEAT_SOFT_DIRTY] = say_soft_dirty,
	[PT_REPEAT_RECLAIM] = say_reclaim,
	[PT_REPEAT_FREED] = say_freed,
	[PT_REPEAT_ZERO_PAGE] = say_zero,
	[PT_REPEAT_WRITEBACK] = say_writeback,
};

/* ---- which one -------------------------------------------------------------------------------------------------- */

/* Of a file that is written back: shared memory is not. */
static bool is_shared_file(const struct pt_vma *vma)
{
	return vma && vma->inode && vma->perms & PT_SHARED && vma->role != PT_ROLE_SHMEM && vma->fs != PT_FS_TMPFS;
}

/* Half or more of those that can have come of a fork came after one; the first of them may be older than pagetop. */
static bool follows_forks(const struct pt_repeat *r)
{
	return r->after_fork && r->after_fork * 2 + 1 >= r->forkable;
}

static enum pt_repeat_cause of_copy(const struct pt_repeat_case *c)
{
	const struct pt_repeat *r = c->r;
	if (r->of_ksm || r->seen_ksm)
		return PT_REPEAT_KSM;
	if (follows_forks(r))
		return PT_REPEAT_FORK;
	if (r->of_absent > 1)
		return PT_REPEAT_FREED; /* a private page of a file, dropped by the program */
	return r->of_shared ? PT_REPEAT_FORK : PT_REPEAT_UNKNOWN;
}

/* On the way to another frame, for certain: who else moves pages? */
static enum pt_repeat_cause of_move(const struct pt_repeat_case *c)
{
	const struct pt_maybe *numa = &c->system->numa_balancing;
	return numa->known && numa->value ? PT_REPEAT_UNKNOWN : PT_REPEAT_COMPACTION;
}

static enum pt_repeat_cause of_other_frame(const struct pt_repeat_case *c)
{
	const struct pt_repeat *r = c->r;
	if (r->seen_absent)
		return PT_REPEAT_FREED;
	if (r->seen_ksm)
		return PT_REPEAT_KSM;
	if (follows_forks(r))
		return PT_REPEAT_FORK;
	return c->locked || r->in_transit ? PT_REPEAT_COMPACTION : PT_REPEAT_UNKNOWN;
}

static enum pt_repeat_cause of_same_frame(const struct pt_repeat_case *c)
{
	const struct pt_repeat *r = c->r;
	if (is_shared_file(c->vma))
		return PT_REPEAT_WRITEBACK;
	if (r->seen_absent)
		return PT_REPEAT_FREED;
	if (follows_forks(r))
		return PT_REPEAT_FORK;
	if (r->soft_dirty)
		return PT_REPEAT_SOFT_DIRTY;
	return r->of_shared && !r->uffd ? PT_REPEAT_FORK : PT_REPEAT_UNKNOWN;
}

static enum pt_repeat_cause of_zero_page(const struct pt_repeat_case *c)
{
	const struct pt_repeat *r = c->r;
	if (r->kinds[PT_FAULT_FIRST_TOUCH] > 1 || r->seen_absent)
		return PT_REPEAT_FREED;
	if (r->kinds[PT_FAULT_ZERO_WRITE] == 1 || r->told < 3)
		return PT_REPEAT_ZERO_PAGE;
	return c->system->ksm_zero_pages.known && c->system->ksm_zero_pages.value ? PT_REPEAT_KSM : PT_REPEAT_UNKNOWN;
}

static enum pt_repeat_cause of_file(const struct pt_repeat_case *c)
{
	if (c->r->collapsed)
		return PT_REPEAT_KHUGEPAGED;
	return c->r->major * 2 >= c->r->kinds[PT_FAULT_FILE_MAP] ? PT_REPEAT_RECLAIM : PT_REPEAT_UNKNOWN;
}

/* The kind of no fault is certain: what snapshots saw in between may be. */
static enum pt_repeat_cause of_unknown(const struct pt_repeat_case *c)
{
	const struct pt_repeat *r = c->r;
	if (r->seen_swapped)
		return PT_REPEAT_RECLAIM;
	if (r->of_absent || r->seen_absent)
		return r->of_absent + r->seen_absent > 1 && !is_shared_file(c->vma) ? PT_REPEAT_FREED
										    : PT_REPEAT_UNKNOWN;
	if (r->same_frame > r->new_frame)
		return of_same_frame(c);
	return r->new_frame ? of_other_frame(c) : PT_REPEAT_UNKNOWN;
}

static enum pt_repeat_cause cause_of(const struct pt_repeat_case *c)
{
	switch (pt_repeat_kind(c->r)) {
	case PT_FAULT_FIRST_TOUCH: return PT_REPEAT_FREED;
	case PT_FAULT_HUGE: return c->r->collapsed ? PT_REPEAT_KHUGEPAGED : PT_REPEAT_FREED;
	case PT_FAULT_COW: return of_copy(c);
	case PT_FAULT_ZERO_WRITE: return of_zero_page(c);
	case PT_FAULT_SWAP_IN: return PT_REPEAT_RECLAIM;
	case PT_FAULT_FILE_MAP: return of_file(c);
	case PT_FAULT_NUMA: return PT_REPEAT_NUMA_BALANCING;
	case PT_FAULT_MIGRATION: return of_move(c);
	case PT_FAULT_WRITE_PROTECT:
	case PT_FAULT_SPURIOUS: return of_same_frame(c);
	default: return of_unknown(c);
	}
}

/* Where faults of other kinds came in between: how many of each there were. */
static void say_kinds(struct why *w)
{
	const struct pt_repeat *r = w->c->r;
	unsigned n = 0;
	for (unsigned i = 0; i < PT_FAULT_KIND_N; i++)
		n += r->kinds[i] > 0;
	if (n < 2)
		return;
	say(w, " All its faults:");
	for (unsigned i = 0, told = 0; i < PT_FAULT_KIND_N; i++)
		if (r->kinds[i])
			say(w, "%s %" PRIu64 " %s", told++ ? "," : "", r->kinds[i],
			    pt_fault_kind_name((enum pt_fault_kind)i));
	say(w, ".");
}

enum pt_repeat_cause pt_repeat_why(const struct pt_repeat_case *c, char *text, size_t size)
{
	struct why w = {.c = c, .text = text, .size = size};
	enum pt_repeat_cause cause = cause_of(c);
	text[0] = '\0';
	tellers[cause](&w);
	say_kinds(&w);
	if (c->r->events > c->r->told)
		say(&w, " %" PRIu32 " of them were told, the others are estimated.", c->r->told);
	return cause;
}
