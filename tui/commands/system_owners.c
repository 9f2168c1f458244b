/*
 * pagetop system --page-owner: allocations of frames by stack, as page_owner_sort groups and sorts them, of this kernel or
 * out of a saved file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/filter/filter.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/json_out.h"
#include "tui/commands/system.h"
#include "tui/commands/table_out.h"

#define SHOWN 20 /* groups, unless all are wanted */

static const char *const sorts[PT_ALLOC_SORTS] = {"size", "times", "age", "stack"};

int ui_system_take_by(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	for (unsigned i = 0; i < PT_ALLOC_SORTS; i++)
		if (strcmp(value, sorts[i]) == 0) {
			o->alloc_sort = i;
			return UI_OK;
		}
	return ui_usage(c, "--by %s: it is size, times, age or stack", value);
}

int ui_system_take_owner(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	(void)c;
	o->page_owner = true;
	o->page_owner_file = value;
	return UI_OK;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

/* -f finds names of processes and functions of stacks. */
static bool found(void *arg, const char *name, const char *stack, size_t size)
{
	return pt_filter_match(arg, name, strlen(name)) || pt_filter_match(arg, stack, size);
}

/* All of a file; 0 or -errno. */
static int read_file(const char *path, char **ret, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	size_t room = 1 << 16, n = 0;
	char *text = f ? malloc(room) : NULL;
	int error = f ? text ? 0 : -ENOMEM : -errno;
	while (!error) {
		n += fread(text + n, 1, room - n, f);
		if (ferror(f))
			error = -EIO;
		if (n < room)
			break;
		char *more = realloc(text, room *= 2);
		error = more ? error : -ENOMEM;
		text = more ? more : text;
	}
	if (f)
		fclose(f);
	if (error) {
		free(text);
		return error;
	}
	*ret = text;
	*ret_size = n;
	return 0;
}

static int ask(const struct ui_options *o, struct pt_kernel *k, const struct pt_alloc_request *request,
	       struct pt_alloc_list *ret)
{
	char *text;
	size_t size;
	if (!o->page_owner_file)
		return pt_page_owner_read(k, request, ret);
	int error = read_file(o->page_owner_file, &text, &size);
	if (error)
		return error;
	error = pt_parse_page_owner(text, size, request, ret);
	free(text);
	return error;
}

static int say_error(const struct ui_options *o, int error)
{
	if (error == -ENOMEM)
		return ui_out_of_memory();
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

static void print_group(const struct ui_options *o, const struct pt_alloc_group *g, unsigned page_shift)
{
	char size[32], name[4 * sizeof(g->name)];
	pt_text_printable(g->name, strlen(g->name), name, sizeof(name));
	ui_table_bytes(o, (struct pt_maybe){g->pages << page_shift, true}, size, sizeof(size));
	printf("%8s in %" PRIu64 " allocation%s, %.3f s to %.3f s after boot, by %s%s%d%s\n", size, g->times,
	       g->times == 1 ? "" : "s", (double)g->first_ns / 1e9, (double)g->last_ns / 1e9, name, name[0] ? " " : "",
	       (int)g->pid, g->others ? " and others" : "");
	print_stack(g->stack);
}

static int print_text(const struct ui_options *o, const struct pt_alloc_list *list, unsigned page_shift)
{
	size_t n = o->all || list->n < SHOWN ? list->n : SHOWN;
	char size[32];
	ui_table_bytes(o, (struct pt_maybe){list->pages << page_shift, true}, size, sizeof(size));
	if (!o->no_headings)
		printf("%s in %" PRIu64 " allocations of %zu stacks, by %s\n", size, list->records, list->n,
		       sorts[o->alloc_sort]);
	for (size_t i = 0; i < n; i++) {
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

static int print_json(const struct pt_alloc_list *list, unsigned page_shift)
{
	struct ui_json out = {0};
	ui_json_begin(&out, "page-owner");
	for (size_t i = 0; i < list->n; i++) {
		const struct pt_alloc_group *g = &list->v[i];
		uint64_t bytes = g->pages << page_shift;
		ui_json_element(&out, json_pack("{s:I, s:I, s:I, s:f, s:f, s:i, s:o, s:b, s:o}", "times",
						(json_int_t)g->times, "pages", (json_int_t)g->pages, "bytes",
						(json_int_t)bytes, "first", (double)g->first_ns / 1e9, "last",
						(double)g->last_ns / 1e9, "pid", (int)g->pid, "name",
						ui_json_bytes(g->name[0] ? g->name : NULL), "others", g->others,
						"stack", stack_json(g->stack)));
	}
	ui_json_end_array(&out);
	ui_json_member(&out, "records", json_integer((json_int_t)list->records));
	ui_json_member(&out, "damaged", json_integer((json_int_t)list->damaged));
	return ui_json_end(&out);
}

int ui_system_owners(const struct ui_options *o, struct pt_kernel *k)
{
	struct pt_alloc_request request = {.sort = (enum pt_alloc_sort)o->alloc_sort, .pid = o->pid};
	struct pt_alloc_list list;
	struct pt_filter *filter = NULL;
	char message[160];
	int error = o->filter ? pt_filter_new(&filter, o->filter, message, sizeof(message)) : 0;
	if (error == -EINVAL) {
		ui_complain("-f %s: %s", o->filter, message);
		return UI_USAGE;
	}
	request.only = filter ? found : NULL;
	request.arg = filter;
	error = error ? error : ask(o, k, &request, &list);
	pt_filter_free(filter);
	if (error)
		return say_error(o, error);
	int r = o->json ? print_json(&list, k->page_shift) : print_text(o, &list, k->page_shift);
	pt_alloc_list_free(&list);
	return r;
}
