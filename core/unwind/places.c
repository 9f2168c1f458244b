/*
 * Executable mappings and the modules behind them; see places.h. Owns the modules, which stay until the end: their names
 * are given out.
 */
#include "core/unwind/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"

#define MODULES_MAX 16384u /* a process that maps ever new code; what comes then is unknown */
#define GONE_MAX    4096u
#define COST_TIMES  200u        /* as long as reading maps took, they are not read again: half a percent of a CPU */
#define STALE_NS    1000000000u /* or ten times as long: then they are read with no reason but time */

/* ---- modules ---------------------------------------------------------------------------------------------------- */

/* Index of the place that covers the address, or of the next one above. */
static size_t index_in(const struct pt_place *v, size_t n, uint64_t address)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (v[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct pt_place *find_in(const struct pt_place *v, size_t n, uint64_t address)
{
	const size_t i = index_in(v, n, address);
	return i < n && v[i].start <= address ? &v[i] : NULL;
}

static bool is_named(const struct pt_vma *vma)
{
	return vma->inode || !strcmp(vma->path, "[vdso]");
}

/* Most were where they are now. */
static struct pt_module *module_of(struct pt_places *p, const struct pt_vma *vma)
{
	const struct pt_place *before = find_in(p->v, p->n, vma->start);
	if (!is_named(vma))
		return NULL;
	if (before && before->module && pt_module_is_of(before->module, vma))
		return before->module;
	for (size_t i = p->n_modules; i > 0; i--)
		if (pt_module_is_of(p->modules[i - 1], vma))
			return p->modules[i - 1];
	struct pt_module **modules = p->n_modules < MODULES_MAX
					     ? realloc(p->modules, (p->n_modules + 1) * sizeof(struct pt_module *))
					     : NULL;
	if (!modules)
		return NULL;
	p->modules = modules;
	modules[p->n_modules] = pt_module_new(vma);
	if (!modules[p->n_modules])
		return NULL;
	return modules[p->n_modules++];
}

/* ---- maps ------------------------------------------------------------------------------------------------------- */

static bool is_same(const struct pt_place *a, const struct pt_place *b)
{
	return a && b && a->start == b->start && a->end == b->end && a->offset == b->offset && a->module == b->module;
}

/* Keeps what is no longer there, for names that are asked for later. */
static void keep_gone(struct pt_places *p, const struct pt_place *place)
{
	if (!place->module)
		return;
	if (!p->gone)
		p->gone = calloc(GONE_MAX, sizeof(*p->gone));
	if (!p->gone)
		return;
	if (p->n_gone == GONE_MAX)
		memmove(p->gone, p->gone + GONE_MAX / 2, (p->n_gone /= 2) * sizeof(*p->gone));
	p->gone[p->n_gone++] = *place;
}

static void retire(struct pt_places *p, const struct pt_place *now, size_t n)
{
	for (size_t i = 0; i < p->n; i++)
		if (!is_same(&p->v[i], find_in(now, n, p->v[i].start)))
			keep_gone(p, &p->v[i]);
}

static int take_maps(struct pt_places *p, const struct pt_vma_table *table)
{
	size_t n = 0;
	struct pt_place *v = table->n ? calloc(table->n, sizeof(*v)) : NULL;
	if (!table->n) /* it is ending: what was known stays */
		return 0;
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < table->n; i++) {
		const struct pt_vma *vma = &table->v[i];
		if (vma->perms & PT_EXEC && vma->role != PT_ROLE_VSYSCALL)
			v[n++] = (struct pt_place){vma->start, vma->end, vma->offset, module_of(p, vma)};
	}
	retire(p, v, n);
	free(p->v);
	p->v = v;
	p->n = n;
	return 0;
}

static int read_maps(struct pt_places *p)
{
	struct pt_kernel *k = p->env.k;
	struct pt_vma_table *table;
	const uint64_t began = k->ops->now(k, PT_CLOCK_MONOTONIC);
	int error = pt_read_maps(k, p->env.pid, &table);
	if (!error) {
		error = take_maps(p, table);
		pt_vma_table_unref(table);
	}
	p->now_ns = p->read_ns = k->ops->now(k, PT_CLOCK_MONOTONIC);
	p->cost_ns = p->read_ns - began;
	p->forced = false;
	return error;
}

/* What is left of a place that another is put into the middle of: before it, behind it. */
static size_t cut(const struct pt_place *place, const struct pt_place *by, struct pt_place *ret)
{
	size_t n = 0;
	if (place->start < by->start) {
		ret[n] = *place;
		ret[n++].end = place->end < by->start ? place->end : by->start;
	}
	if (place->end > by->end) {
		ret[n] = *place;
		ret[n].start = place->start > by->end ? place->start : by->end;
		ret[n].offset += ret[n].start - place->start;
		n++;
	}
	return n;
}

void pt_places_mapped(struct pt_places *p, const struct pt_vma *vma)
{
	const struct pt_place place = {vma->start, vma->end, vma->offset, module_of(p, vma)};
	if (is_same(&place, find_in(p->v, p->n, place.start)))
		return;
	struct pt_place *v = calloc(p->n + 2, sizeof(*v));
	size_t n = 0;
	if (!v)
		return;
	for (size_t i = 0; i < p->n; i++)
		n += cut(&p->v[i], &place, v + n);
	size_t at = n++;
	for (; at > 0 && v[at - 1].start > place.start; at--)
		v[at] = v[at - 1];
	v[at] = place;
	retire(p, v, n);
	free(p->v);
	p->v = v;
	p->n = n;
}

int pt_places_init(struct pt_places *p, struct pt_kernel *k, pid_t pid)
{
	*p = (struct pt_places){.env = {.k = k, .pid = pid}};
	p->env.demangler = pt_demangler_new();
	if (!p->env.demangler)
		return -ENOMEM;
	int error = read_maps(p);
	return error == -ENOENT ? -ESRCH : error;
}

void pt_places_free(struct pt_places *p)
{
	for (size_t i = 0; i < p->n_modules; i++)
		pt_module_free(p->modules[i], &p->env);
	pt_demangler_free(p->env.demangler);
	free(p->modules);
	free(p->v);
	free(p->gone);
}

void pt_places_execed(struct pt_places *p)
{
	p->n = p->n_gone = 0;
	p->forced = true;
}

/* ---- finding ---------------------------------------------------------------------------------------------------- */

static bool is_older(const struct pt_places *p, uint64_t times, uint64_t ns)
{
	const uint64_t age = p->now_ns - p->read_ns;
	return age >= ns && age >= times * p->cost_ns;
}

void pt_places_tick(struct pt_places *p)
{
	p->now_ns = p->env.k->ops->now(p->env.k, PT_CLOCK_MONOTONIC);
	if (p->forced || is_older(p, 10 * COST_TIMES, STALE_NS))
		read_maps(p); /* of a process that has ended, what was known stays */
}

const struct pt_place *pt_places_find(struct pt_places *p, uint64_t address)
{
	const struct pt_place *place = find_in(p->v, p->n, address);
	if (place || !is_older(p, COST_TIMES, 1))
		return place;
	read_maps(p);
	return find_in(p->v, p->n, address);
}

const struct pt_place *pt_places_recall(struct pt_places *p, uint64_t address)
{
	const struct pt_place *place = find_in(p->v, p->n, address);
	for (size_t i = p->n_gone; i > 0 && !place; i--)
		if (address - p->gone[i - 1].start < p->gone[i - 1].end - p->gone[i - 1].start)
			place = &p->gone[i - 1];
	return place;
}

bool pt_places_locate(struct pt_places *p, const struct pt_place *place, uint64_t address, uint64_t *ret)
{
	struct pt_module *m = place->module;
	return m && pt_module_read(m, &p->env, place->start, place->end) &&
	       pt_module_address(m, address - place->start + place->offset, ret);
}

static bool has_data(struct pt_places *p, const struct pt_place *place, uint64_t address, uint64_t *ret)
{
	uint64_t base;
	struct pt_module *m = place->module;
	if (!pt_module_read(m, &p->env, place->start, place->end) ||
	    !pt_module_base(m, place->start, place->end, place->offset, &base))
		return false;
	*ret = address - base;
	return pt_module_has(m, *ret);
}

/* What is mapped of a file lies together, so the nearest code below is of the same module, or the nearest above. */
const struct pt_place *pt_places_data(struct pt_places *p, uint64_t address, uint64_t *ret)
{
	const size_t at = index_in(p->v, p->n, address);
	size_t below = at, above = at;
	while (below > 0 && !p->v[below - 1].module)
		below--;
	if (below > 0 && has_data(p, &p->v[below - 1], address, ret))
		return &p->v[below - 1];
	while (above < p->n && !p->v[above].module)
		above++;
	return above < p->n && has_data(p, &p->v[above], address, ret) ? &p->v[above] : NULL;
}
