/*
 * FNV-1a over the fields, one after the other; see digest.h.
 */
#include "tests/support/digest.h"

#include <string.h>

struct digest {
	uint64_t hash;
};

static void add(struct digest *d, uint64_t value)
{
	for (int i = 0; i < 8; i++, value >>= 8)
		d->hash = (d->hash ^ (value & 0xff)) * 1099511628211u;
}

static void add_text(struct digest *d, const char *text)
{
	for (; text && *text; text++)
		add(d, (unsigned char)*text);
	add(d, text ? 256 : 257);
}

static void add_maybe(struct digest *d, struct pt_maybe maybe)
{
	add(d, maybe.known);
	add(d, maybe.known ? maybe.value : 0);
}

static void add_process(struct digest *d, const struct pt_process *p)
{
	const struct pt_maybe maybes[] = {p->rss_anon,     p->rss_file, p->rss_shmem,  p->swap,
					  p->locked,       p->peak_rss, p->mapped,     p->minor_faults,
					  p->major_faults, p->cpu_ns,   p->rollup_pss, p->hugetlb};
	add(d, (uint64_t)p->pid);
	add(d, p->uid);
	add(d, p->start_time);
	add(d, p->start_stack);
	add(d, p->image);
	add(d, (unsigned char)p->state);
	add(d, p->threads);
	add_text(d, p->name);
	for (size_t i = 0; i < sizeof(maybes) / sizeof(*maybes); i++)
		add_maybe(d, maybes[i]);
}

static void add_vma(struct digest *d, const struct pt_vma *v)
{
	const uint64_t numbers[] = {v->start,     v->end,       v->offset,        v->inode,
				    v->dev_major, v->dev_minor, (uint64_t)v->tid, v->perms,
				    v->role,      v->fs,        v->has_vm_flags,  v->has_vm_flags ? v->vm_flags : 0};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		add(d, numbers[i]);
	add_text(d, v->path);
}

static void add_slot(struct digest *d, const struct pt_slot *slot)
{
	struct pt_page pages[PT_CHUNK_PAGES];
	pt_chunk_unpack(slot->chunk, pages);
	add(d, slot->index);
	add(d, slot->read_ns);
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		add(d, pages[i].bits);
		add(d, pages[i].pfn);
		add(d, pages[i].count);
	}
}

static void add_counts(struct digest *d, const struct pt_counts *counts)
{
	add(d, counts->pss);
	for (int i = 0; i < PT_STAT_N; i++)
		add(d, counts->n[i]);
}

uint64_t snapshot_digest(const struct pt_snapshot *s)
{
	struct digest d = {14695981039346656037u};
	const uint64_t numbers[] = {s->page_shift,  s->stage,       s->done_pages, s->all_pages,   s->fresh_ns,
				    s->presence_ns, s->cleared_ns,  s->seq,        s->realtime_ns, s->monotonic_ns,
				    s->scan_ns,     s->scan_cpu_ns, s->vmas->n,    s->n_slots};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		add(&d, numbers[i]);
	add_process(&d, &s->process);
	for (int i = 0; i < PT_SIG_N; i++) {
		add(&d, s->signals.of[i].given);
		add_text(&d, s->signals.of[i].reason);
		add_text(&d, s->signals.of[i].remedy);
	}
	for (size_t i = 0; i < s->vmas->n; i++) {
		add_vma(&d, &s->vmas->v[i]);
		add_counts(&d, pt_snapshot_sums(s, i));
	}
	for (size_t i = 0; i < s->n_slots; i++)
		add_slot(&d, &s->slots[i]);
	add_counts(&d, &s->total);
	return d.hash;
}
