/*
 * pagetop system --page-owner: allocations of frames by stack, as page_owner_sort groups, sorts and filters them, of this
 * kernel or out of a saved file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/filter/filter.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/json_out.h"
#include "tui/commands/progress.h"
#include "tui/commands/system.h"
#include "tui/commands/table_out.h"

#define SHOWN 20 /* groups, unless all are wanted */

int ui_system_take_by(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	if (pt_alloc_parse_sort(value, &o->alloc_sort))
		return UI_OK;
	return ui_usage(c,
			"--by %s: it is of size, times, age, last, stack, tgid, pid, name and allocator, with commas",
			value);
}

int ui_system_take_group(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	if (pt_alloc_parse_keys(value, &o->alloc_keys))
		return UI_OK;
	return ui_usage(c, "--group %s: it is of stack, tgid, pid, name and allocator, with commas", value);
}

int ui_system_take_only(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	if (pt_alloc_parse_only(value, &o->alloc_only))
		return UI_OK;
	return ui_usage(c, "--only %s: it is pid=, tgid=, name= or allocator= and values with commas, %d at most",
			value, PT_ALLOC_ONLY_MAX);
}

int ui_system_take_owner(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	(void)c;
	o->page_owner = true;
	o->page_owner_file = value;
	return UI_OK;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

/* Which records are wanted. */
struct choice {
	const struct ui_options *options;
	struct pt_alloc_only only;
	struct pt_filter *filter;
};

/* -p is a process; old kernels tell the thread alone. -f finds names of processes and functions of stacks. */
static bool is_wanted(void *arg, const struct pt_alloc_group *g)
{
	struct choice *choice = arg;
	pid_t pid = choice->options->pid;
	if (pid && (g->tgid ? g->tgid : g->pid) != pid)
		return false;
	return pt_alloc_only_match(&choice->only, g) &&
	       (!choice->filter || pt_filter_match(choice->filter, g->name, strlen(g->name)) ||
		pt_filter_match(choice->filter, g->stack, strlen(g->stack)));
}

static int tell(struct ui_progress *progress, const struct pt_page_owner_file *file)
{
	char words[64];
	if (!file->kernels)
		return ui_progress_step(progress, file->done, file->total);
	snprintf(words, sizeof(words), "who allocated frames: %.0f %%",
		 file->total ? (double)file->done * 100 / (double)file->total : 0.0);
	return ui_progress_tell(progress, words);
}

static int read_all(struct pt_kernel *k, const char *path, struct pt_page_owner *po)
{
	struct ui_progress progress;
	struct pt_page_owner_file file;
	int r = pt_page_owner_open(k, path, &file);
	if (r)
		return r;
	ui_progress_begin(&progress, "reading");
	while ((r = pt_page_owner_read(k, &file, po)) > 0) {
		int stop = tell(&progress, &file);
		r = stop ? stop : r;
		if (r < 0)
			break;
	}
	ui_progress_end(&progress);
	pt_page_owner_close(k, &file);
	return r;
}

/* From the folder we are in: the kernel behind the door knows the root alone. */
static char *absolute(const char *path)
{
	char *here = *path == '/' ? strdup("") : getcwd(NULL, 0), *ret = NULL;
	if (here && asprintf(&ret, "%s%s%s", here, *here ? "/" : "", path) < 0)
		ret = NULL;
	free(here);
	return ret;
}

static int ask(struct choice *choice, struct pt_kernel *k, struct pt_alloc_list *ret)
{
	const struct ui_options *o = choice->options;
	struct pt_page_owner *po = NULL;
	char *path = o->page_owner_file ? absolute(o->page_owner_file) : NULL;
	int error = o->page_owner_file && !path ? -ENOMEM : 0;
	if (!error)
		error = pt_page_owner_new(&po, o->alloc_keys ? o->alloc_keys : PT_ALLOC_STACK, is_wanted, choice);
	if (!error)
		error = read_all(k, path, po);
	if (!error)
		error = pt_page_owner_list(po, ret);
	pt_page_owner_free(po);
	free(path);
	return error;
}

static int say_error(const struct ui_options *o, int error)
{
	if (error == -ENOMEM)
		return ui_out_of_memory();
	if (error == -ECANCELED) {
		ui_progress_obey();
		return UI_FINDING;
	}
	if (o->page_owner_file) {
		ui_complain("%s: %s", o->page_owner_file,
			    error == -EBADMSG ? "no record of page_owner is in it" : strerror(-error));
		return UI_LACKING;
	}
	if (error == -EACCES || error == -EPERM) {
		ui_complain("only root may know who allocated frames: sudo pagetop system --page-owner");
		return UI_DENIED;
	}
	ui_complain("this kernel keeps no record of who allocated frames: boot it with page_owner=on "
		    "(CONFIG_PAGE_OWNER), and mount debugfs");
	return UI_LACKING;
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

/* The next line of a stack without its blanks, into *ret_size; NULL at the end. *at moves behind it. */
static const char *next_call(const char **at, size_t *ret_size)
{
	const char *line = *at + strspn(*at, " \t");
	if (!**at)
		return NULL;
	*ret_size = strcspn(line, "\n");
	*at = line + *ret_size + (line[*ret_size] == '\n');
	return line;
}

static void print_stack(const char *stack)
{
	char text[1024];
	const char *line;
	for (size_t n; (line = next_call(&stack, &n));) {
		pt_text_printable(line, n, text, sizeof(text));
		printf("    %s\n", text);
	}
}

/* "by sh 7 and others, slab": as far as they are alike. */
static void print_whose(const struct pt_alloc_group *g)
{
	char name[4 * sizeof(g->name)], parts[64];
	bool same = (g->alike & (PT_ALLOC_TGID | PT_ALLOC_NAME)) == (PT_ALLOC_TGID | PT_ALLOC_NAME);
	pt_text_printable(g->name, strlen(g->name), name, sizeof(name));
	printf("by %s%s%d", name, name[0] ? " " : "", (int)(g->tgid ? g->tgid : g->pid));
	if (g->alike & PT_ALLOC_PID && g->tgid && g->pid != g->tgid)
		printf(" thread %d", (int)g->pid);
	printf("%s", same ? "" : " and others");
	if (g->alike & PT_ALLOC_ALLOCATOR && g->allocators != PT_ALLOC_OTHERS)
		printf(", %s", pt_alloc_parts_name(g->allocators, parts, sizeof(parts)));
	putchar('\n');
}

static void print_group(const struct ui_options *o, const struct pt_alloc_group *g, unsigned page_shift)
{
	char size[32];
	ui_table_bytes(o, (struct pt_maybe){g->pages << page_shift, true}, size, sizeof(size));
	printf("%8s in %" PRIu64 " allocation%s, ", size, g->times, g->times == 1 ? "" : "s");
	if (g->last_ns)
		printf("%.3f s to %.3f s after boot, ", (double)g->first_ns / 1e9, (double)g->last_ns / 1e9);
	print_whose(g);
	if (g->alike & PT_ALLOC_STACK)
		print_stack(g->stack);
}

static void print_head(const struct ui_options *o, const struct pt_alloc_list *list, unsigned page_shift)
{
	unsigned keys = o->alloc_keys ? o->alloc_keys : PT_ALLOC_STACK;
	char size[32];
	ui_table_bytes(o, (struct pt_maybe){list->pages << page_shift, true}, size, sizeof(size));
	printf("%s in %" PRIu64 " allocations of %zu group%s by ", size, list->records, list->n,
	       list->n == 1 ? "" : "s");
	for (unsigned i = 0; i < PT_ALLOC_KEY_N; i++)
		if (keys & 1u << i)
			printf("%s%s", keys & ((1u << i) - 1) ? "," : "", pt_alloc_key_name(i));
	printf(", in the order of %s\n",
	       pt_alloc_order_name(o->alloc_sort.n ? o->alloc_sort.v[0].by : PT_ALLOC_BY_PAGES));
}

static int print_text(const struct ui_options *o, const struct pt_alloc_list *list, unsigned page_shift)
{
	size_t n = o->all || list->n < SHOWN ? list->n : SHOWN;
	if (!o->no_headings)
		print_head(o, list, page_shift);
	for (size_t i = 0; i < n; i++) {
		if (o->alloc_keys & PT_ALLOC_STACK || !o->alloc_keys)
			putchar('\n');
		print_group(o, &list->v[i], page_shift);
	}
	if (n < list->n && !o->no_headings)
		printf("\nand %zu more (--all)\n", list->n - n);
	if (list->damaged)
		printf("%" PRIu64 " records were not understood\n", list->damaged);
	return UI_OK;
}

static json_t *stack_json(const char *stack)
{
	json_t *array = json_array();
	const char *line;
	for (size_t n; (line = next_call(&stack, &n));) {
		char *call = strndup(line, n);
		json_array_append_new(array, ui_json_bytes(call));
		free(call);
	}
	return array;
}

static json_t *group_json(const struct pt_alloc_group *g, unsigned page_shift)
{
	const unsigned process = PT_ALLOC_TGID | PT_ALLOC_NAME;
	const uint64_t bytes = g->pages << page_shift;
	bool has_stack = g->alike & PT_ALLOC_STACK, has_parts = g->alike & PT_ALLOC_ALLOCATOR;
	struct pt_maybe tgid = {(uint64_t)g->tgid, g->tgid != 0};
	json_t *parts = has_parts ? json_array() : json_null();
	for (unsigned i = 0; has_parts && i < PT_ALLOC_PARTS; i++) {
		char name[16];
		if (g->allocators & 1u << i)
			json_array_append_new(parts, json_string(pt_alloc_parts_name(1u << i, name, sizeof(name))));
	}
	return json_pack("{s:I, s:I, s:I, s:f, s:f, s:i, s:o, s:o, s:b, s:o, s:o}", "times", (json_int_t)g->times,
			 "pages", (json_int_t)g->pages, "bytes", (json_int_t)bytes, "first", (double)g->first_ns / 1e9,
			 "last", (double)g->last_ns / 1e9, "pid", (int)g->pid, "tgid", ui_json_maybe(tgid), "name",
			 ui_json_bytes(g->name[0] ? g->name : NULL), "others", (g->alike & process) != process,
			 "allocator", parts, "stack", has_stack ? stack_json(g->stack) : json_null());
}

static int print_json(const struct pt_alloc_list *list, unsigned page_shift)
{
	struct ui_json out = {0};
	ui_json_begin(&out, "page-owner");
	for (size_t i = 0; i < list->n; i++)
		ui_json_element(&out, group_json(&list->v[i], page_shift));
	ui_json_end_array(&out);
	ui_json_member(&out, "records", json_integer((json_int_t)list->records));
	ui_json_member(&out, "damaged", json_integer((json_int_t)list->damaged));
	return ui_json_end(&out);
}

int ui_system_owners(const struct ui_options *o, struct pt_kernel *k)
{
	struct choice choice = {.options = o, .only = o->alloc_only};
	struct pt_alloc_request request = {.keys = o->alloc_keys ? o->alloc_keys : PT_ALLOC_STACK,
					   .sort = o->alloc_sort};
	struct pt_alloc_list all = {0}, list = {0};
	char message[160];
	int error = o->filter ? pt_filter_new(&choice.filter, o->filter, message, sizeof(message)) : 0;
	if (error == -EINVAL) {
		ui_complain("-f %s: %s", o->filter, message);
		return UI_USAGE;
	}
	error = error ? error : ask(&choice, k, &all);
	error = error ? error : pt_alloc_list_group(&all, &request, &list);
	pt_filter_free(choice.filter);
	int r = error     ? say_error(o, error)
		: o->json ? print_json(&list, k->page_shift)
			  : print_text(o, &list, k->page_shift);
	pt_alloc_list_free(&list);
	pt_alloc_list_free(&all);
	return r;
}
