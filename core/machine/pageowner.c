/*
 * See pageowner.h. A record is some lines and an empty one:
 *
 *   Page allocated via order 2, mask 0x...(GFP_...), pid 1, tgid 1 (systemd), ts 12 ns, free_ts 0 ns
 *   PFN 4096 type Movable Block 8 type Movable Flags 0x...(...)
 *    function+0x12/0x34
 *    ...
 *   Charged to memcg ...           (not always)
 *
 * Groups are made by sorting records by their stacks, which stay where they are in the text.
 */
#include "core/machine/pageowner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"

struct record {
	const char *stack; /* in the text */
	size_t size;
	uint64_t pages, ts_ns;
	pid_t pid;
	char name[16];
};

struct records {
	struct record *v;
	size_t n, room;
	uint64_t damaged;
};

/* ---- records ---------------------------------------------------------------------------------------------------- */

/* What follows a word somewhere in the line. */
static bool number_after(struct pt_cursor line, const char *word, uint64_t *ret)
{
	size_t n = strlen(word);

	for (; (size_t)(line.end - line.at) >= n; line.at++)
		if (pt_skip_word(&line, word))
			return pt_take_decimal(&line, ret);
	return false;
}

/*
 * "tgid 12 (a (name)), ts 5 ns": up to the last bracket before a time, since a name may have anything; the line goes on
 * there. Kernels that tell no name leave "".
 */
static void take_name(struct pt_cursor *line, char ret[16])
{
	static const char after[] = "), ts ";
	const char *begin = memmem(line->at, (size_t)(line->end - line->at), "tgid ", 5), *end = NULL;

	begin = begin ? memchr(begin, '(', (size_t)(line->end - begin)) : NULL;
	for (const char *at = begin; at && at + sizeof(after) - 1 <= line->end; at++)
		if (!memcmp(at, after, sizeof(after) - 1))
			end = at;
	if (!end)
		return;
	line->at = end;
	if (end - begin > 16)
		return;
	memcpy(ret, begin + 1, (size_t)(end - begin - 1));
	ret[end - begin - 1] = '\0';
}

static bool take_head(struct pt_cursor line, struct record *ret)
{
	uint64_t order, pid;

	*ret = (struct record){0};
	if (!pt_skip_word(&line, "Page allocated via order ") || !pt_take_decimal(&line, &order) || order > 40)
		return false;
	ret->pages = 1ull << order;
	if (number_after(line, ", pid ", &pid) && pid <= INT32_MAX)
		ret->pid = (pid_t)pid;
	take_name(&line, ret->name);
	if (!number_after(line, ", ts ", &ret->ts_ns))
		ret->ts_ns = 0;
	return true;
}

static bool is_stack_line(struct pt_cursor line)
{
	return line.at < line.end && (*line.at == ' ' || *line.at == '\t');
}

/* The lines of a record after its head; all of the stack are neighbours. */
static void take_body(struct pt_cursor *text, struct record *r)
{
	struct pt_cursor line, before = *text;

	for (; pt_cut_line(text, &line) && line.at < line.end; before = *text) {
		struct pt_cursor head = line;
		if (pt_skip_word(&head, "Page allocated via")) { /* the empty line is missing */
			*text = before;
			return;
		}
		if (!is_stack_line(line))
			continue;
		if (!r->size)
			r->stack = line.at;
		r->size = (size_t)(line.end + 1 - r->stack);
	}
}

static int keep(struct records *all, const struct record *r)
{
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 1024;
		struct record *more = realloc(all->v, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		all->v = more;
		all->room = room;
	}
	all->v[all->n++] = *r;
	return 0;
}

static bool wanted(const struct pt_alloc_request *q, const struct record *r)
{
	if (q->pid && r->pid != q->pid)
		return false;
	return !q->only || q->only(q->arg, r->name, r->size ? r->stack : "", r->size);
}

static int take_all(struct pt_cursor text, const struct pt_alloc_request *q, struct records *all, bool *ret_any)
{
	struct pt_cursor line;
	struct record r;
	int error = 0;

	*ret_any = false;
	while (!error && pt_cut_line(&text, &line)) {
		struct pt_cursor head = line;
		if (!pt_skip_word(&head, "Page allocated via"))
			continue;
		if (!take_head(line, &r)) {
			all->damaged++;
			continue;
		}
		*ret_any = true;
		take_body(&text, &r);
		if (wanted(q, &r))
			error = keep(all, &r);
	}
	return error;
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

static int compare_stacks(const struct record *a, const struct record *b)
{
	size_t n = a->size < b->size ? a->size : b->size;
	int order = n ? memcmp(a->stack, b->stack, n) : 0;

	return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int by_stack(const void *a, const void *b)
{
	return compare_stacks(a, b);
}

static void add(struct pt_alloc_group *g, const struct record *r)
{
	g->others = g->others || (g->times && r->pid != g->pid);
	if (!g->times || r->ts_ns >= g->last_ns) {
		g->pid = r->pid;
		memcpy(g->name, r->name, sizeof(g->name));
	}
	g->first_ns = !g->times || r->ts_ns < g->first_ns ? r->ts_ns : g->first_ns;
	g->last_ns = r->ts_ns > g->last_ns ? r->ts_ns : g->last_ns;
	g->times++;
	g->pages += r->pages;
}

static int group(struct records *all, struct pt_alloc_list *ret)
{
	if (all->n)
		qsort(all->v, all->n, sizeof(*all->v), by_stack);
	ret->v = calloc(all->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++) {
		const struct record *r = &all->v[i];
		if (!i || compare_stacks(&all->v[i - 1], r)) {
			struct pt_alloc_group *g = &ret->v[ret->n];
			g->stack = r->size ? strndup(r->stack, r->size) : strdup("");
			if (!g->stack)
				return -ENOMEM;
			ret->n++;
		}
		add(&ret->v[ret->n - 1], r);
		ret->pages += r->pages;
	}
	ret->records = all->n;
	ret->damaged = all->damaged;
	return 0;
}

static int falling(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int by_pages(const void *a, const void *b)
{
	const struct pt_alloc_group *x = a, *y = b;
	int order = falling(x->pages, y->pages);
	return order ? order : strcmp(x->stack, y->stack);
}

static int by_times(const void *a, const void *b)
{
	const struct pt_alloc_group *x = a, *y = b;
	int order = falling(x->times, y->times);
	return order ? order : strcmp(x->stack, y->stack);
}

/* The oldest first. */
static int by_age(const void *a, const void *b)
{
	const struct pt_alloc_group *x = a, *y = b;
	int order = falling(y->first_ns, x->first_ns);
	return order ? order : strcmp(x->stack, y->stack);
}

int pt_parse_page_owner(const char *text, size_t size, const struct pt_alloc_request *request,
			struct pt_alloc_list *ret)
{
	int (*const sorts[PT_ALLOC_SORTS])(const void *, const void *) = {
		[PT_ALLOC_BY_PAGES] = by_pages, [PT_ALLOC_BY_TIMES] = by_times, [PT_ALLOC_BY_AGE] = by_age};
	struct records all = {0};
	struct pt_alloc_list list = {0};
	bool any;
	int error = take_all((struct pt_cursor){text, text + size}, request, &all, &any);

	if (!error && !any)
		error = -EBADMSG;
	if (!error)
		error = group(&all, &list);
	free(all.v);
	if (error) {
		pt_alloc_list_free(&list);
		return error;
	}
	if (sorts[request->sort] && list.n) /* by stack they are */
		qsort(list.v, list.n, sizeof(*list.v), sorts[request->sort]);
	*ret = list;
	return 0;
}

int pt_page_owner_read(struct pt_kernel *k, const struct pt_alloc_request *request, struct pt_alloc_list *ret)
{
	char *text;
	size_t size;
	int error = pt_kernel_slurp(k, "sys/kernel/debug/page_owner", &text, &size);

	if (error)
		return error;
	error = pt_parse_page_owner(text, size, request, ret);
	free(text);
	return error;
}

void pt_alloc_list_free(struct pt_alloc_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].stack);
	free(list->v);
	*list = (struct pt_alloc_list){0};
}
