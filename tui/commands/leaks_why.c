/*
 * pagetop leaks --why: one object in full. What it is, why it is alive (the path from a root) or not, who points at it, what
 * it points at, and what is in it; as text and as JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/leaks.h"
#include "tui/commands/leaks_text.h"
#include "tui/commands/progress.h"
#include "tui/commands/text_out.h"

#define LINKS     16 /* of each list, for people */
#define LINE      16 /* bytes of contents */
#define LINES     16
#define NAME_ROOM 1024
#define BYTES_ALL (1 << 20) /* of contents in JSON */

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const char *what_it_is(const struct pt_object *o)
{
	switch (o->kind) {
	case PT_CHUNK_FREE: return "It is free: malloc has it back.";
	case PT_CHUNK_CACHED: return "It is free: a thread keeps it for its next malloc (tcache).";
	case PT_CHUNK_TOP: return "It was never handed out: the rest of a region (top).";
	case PT_CHUNK_OWN: return "It is malloc's own.";
	default: break;
	}
	switch (o->reached) {
	case PT_REACHED: return "It is alive. From a root this leads to it:";
	case PT_REACHED_WEAKLY:
		return "Only words left over on a stack, or that point inside at an odd place, lead there: it may be "
		       "alive.";
	default:
		return "Nothing that the program can get at points there, in this one look. pagetop leaks looks "
		       "several "
		       "times before it calls that leaked.";
	}
}

static const char *name_of(const struct pt_link *link, char *ret, size_t size)
{
	const char *raw = link->name ? link->name : link->is_root ? pt_root_name(link->kind) : "";
	pt_text_printable(raw, strlen(raw), ret, size);
	return ret;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* "at 55d0c8a012a8, in the object of 32 at 55d0c8a012a0", or the root by its name. */
static void print_link(const struct ui_leaks *l, const struct pt_link *link, bool outgoing)
{
	char name[NAME_ROOM], size[24], text[2 * NAME_ROOM];
	int n = 0;
	text[0] = '\0';
	if (link->is_root && !outgoing)
		n = snprintf(text, sizeof(text), "%s: %s", pt_root_name(link->kind),
			     link->name ? name_of(link, name, sizeof(name)) : "");
	else if (link->object)
		n = snprintf(text, sizeof(text), "%s %s at %" PRIx64 "%s%s",
			     outgoing ? "to the object of" : "in the object of",
			     ui_leak_bytes(l, link->size, size, sizeof(size)), link->object, link->name ? ", " : "",
			     name_of(link, name, sizeof(name)));
	else if (link->name)
		n = snprintf(text, sizeof(text), "%s", name_of(link, name, sizeof(name)));
	if (link->weak && n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, " (weak)");
	if (link->place)
		printf("  %-12" PRIx64 "  ", link->place);
	else
		printf("  %-12s  ", "-");
	ui_print_wrapped(text, 16, 16, l->width);
}

static void print_links(const struct ui_leaks *l, const char *title, const struct pt_link *links, size_t n,
			uint64_t all, bool outgoing)
{
	char heading[96], count[32];
	if (!n)
		return;
	snprintf(heading, sizeof(heading), "%s (%s)", title, ui_leak_exact(all, count, sizeof(count)));
	ui_leak_heading(l, heading);
	for (size_t i = 0; i < n && i < LINKS; i++)
		print_link(l, &links[i], outgoing);
	if (all > LINKS)
		printf("  %s more: -J\n", ui_leak_exact(all - LINKS, count, sizeof(count)));
}

static void print_path(const struct ui_leaks *l, const struct pt_object *o)
{
	char count[32];
	for (size_t i = 0; i < o->n_path; i++) {
		print_link(l, &o->path[i], false);
		if (o->path_all > o->n_path && i + 1 == o->n_path / 2)
			printf("  ... %s more on the way\n",
			       ui_leak_exact(o->path_all - o->n_path, count, sizeof(count)));
	}
}

static void print_line(const struct pt_object *o, size_t at)
{
	size_t n = o->n_bytes - at < LINE ? o->n_bytes - at : LINE;
	printf("  +%04zx ", at);
	for (size_t i = 0; i < LINE; i++)
		if (i < n)
			printf("%s%02x", i % 8 ? " " : "  ", o->bytes[at + i]);
		else
			printf("%s  ", i % 8 ? " " : "  ");
	printf("  ");
	for (size_t i = 0; i < n; i++)
		putchar(o->bytes[at + i] >= ' ' && o->bytes[at + i] < 0x7f ? o->bytes[at + i] : '.');
	putchar('\n');
}

static void print_contents(const struct ui_leaks *l, const struct pt_object *o)
{
	char bytes[24];
	if (!o->n_bytes)
		return;
	ui_leak_heading(l, "Contents");
	bool same = false;
	size_t lines = 0;
	for (size_t at = 0; at < o->n_bytes && lines < LINES; at += LINE) {
		bool again = at && o->n_bytes - at > LINE && memcmp(o->bytes + at, o->bytes + at - LINE, LINE) == 0;
		if (!again)
			print_line(o, at);
		else if (!same)
			printf("  *\n"); /* as the line before */
		lines += !again || !same;
		same = again;
	}
	if (o->size > o->n_bytes || lines == LINES)
		printf("  %s in all: -J\n", ui_leak_bytes(l, o->size, bytes, sizeof(bytes)));
}

void ui_leaks_object(const struct ui_leaks *l, const struct pt_object *o)
{
	char size[24], class_name[NAME_ROOM] = "";
	if (!o->found) {
		ui_leak_paragraph(l,
				  "0x%" PRIx64 " of %s (%d) is in no chunk of malloc: pagetop page -p %d %" PRIx64
				  " says what is there.",
				  l->options->why_address, l->name, (int)l->view->pid, (int)l->view->pid,
				  l->options->why_address);
		return;
	}
	if (o->class_name)
		pt_text_printable(o->class_name, strlen(o->class_name), class_name, sizeof(class_name));
	ui_leak_paragraph(l, "0x%" PRIx64 " of %s (%d): %s bytes%s%s, in %s.", o->address, l->name, (int)l->view->pid,
			  ui_leak_exact(o->size, size, sizeof(size)), class_name[0] ? ", class " : "", class_name,
			  o->arena == PT_NO_ARENA ? "a mapping of its own"
			  : o->arena              ? "an arena of threads"
						  : "the main arena");
	if (l->options->why_address != o->address)
		ui_leak_paragraph(l, "0x%" PRIx64 " lies %" PRIu64 " bytes into it.", l->options->why_address,
				  l->options->why_address - o->address);
	ui_leak_paragraph(l, "%s", what_it_is(o));
	print_path(l, o);
	print_links(l, "Who points at it", o->in, o->n_in, o->in_all, false);
	print_links(l, "What it points at", o->out, o->n_out, o->out_all, true);
	print_contents(l, o);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *hex(uint64_t address, bool known)
{
	return ui_json_hex((struct pt_maybe){address, known});
}

static json_t *link_json(const struct pt_link *link)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "place", hex(link->place, link->place != 0), "value",
			 hex(link->value, true), "object", hex(link->object, link->object != 0), "size",
			 ui_json_maybe((struct pt_maybe){link->size, link->object != 0}), "weak", link->weak, "root",
			 link->is_root ? json_string(pt_root_name(link->kind)) : json_null(), "name",
			 ui_json_bytes(link->name));
}

static json_t *links_json(const struct pt_link *links, size_t n)
{
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, link_json(&links[i]));
	return array;
}

static json_t *contents_json(const struct pt_object *o)
{
	char *digits = malloc(2 * o->n_bytes + 1);
	if (!digits)
		return NULL;
	digits[0] = '\0';
	for (size_t i = 0; i < o->n_bytes; i++)
		snprintf(digits + 2 * i, 3, "%02x", o->bytes[i]);
	json_t *text = json_string(digits);
	free(digits);
	return text;
}

static const char *arena_word(const struct pt_object *o)
{
	return o->arena == PT_NO_ARENA ? "mmapped" : o->arena ? "thread" : "main";
}

static json_t *object_json(const struct ui_leaks *l, const struct pt_object *o)
{
	json_t *object = json_pack("{s:i, s:o, s:b}", "pid", (int)l->view->pid, "asked",
				   hex(l->options->why_address, true), "found", o->found);
	if (!o->found)
		return object;
	json_t *rest = json_pack("{s:o, s:o, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "address",
				 hex(o->address, true), "size", json_integer((json_int_t)o->size), "kind",
				 ui_chunk_kind_name(o->kind), "arena", arena_word(o), "class",
				 ui_json_bytes(o->class_name), "reached", ui_reached_name(o->reached), "path",
				 links_json(o->path, o->n_path), "in", links_json(o->in, o->n_in), "in-all",
				 json_integer((json_int_t)o->in_all), "out", links_json(o->out, o->n_out), "out-all",
				 json_integer((json_int_t)o->out_all), "path-all",
				 json_integer((json_int_t)o->path_all), "contents", contents_json(o));
	json_object_update(object, rest);
	json_decref(rest);
	return object;
}

int ui_leaks_object_json(const struct ui_leaks *l, const struct pt_object *object)
{
	return ui_json_whole("why", object_json(l, object));
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static bool cancelled(void *arg)
{
	return ui_progress_tell(arg, "looking at the whole heap") < 0;
}

static int tell(const struct ui_options *options, const struct pt_target *target, const struct pt_object *object)
{
	struct pt_process process = {0};
	struct pt_hunt_view view = {.pid = options->pid};
	struct ui_leaks l = ui_leaks_on_stdout(options, &view);
	pt_read_process(target->k, options->pid, &process); /* else it has no name */
	l.name = process.name;
	if (options->json)
		return ui_leaks_object_json(&l, object);
	ui_leaks_object(&l, object);
	return UI_OK;
}

int ui_leaks_why(const struct ui_options *options, struct pt_kernel *k)
{
	struct ui_progress progress;
	struct pt_ask_options ask = {.cancelled = cancelled, .arg = &progress};
	struct pt_target target;
	struct pt_object *object = NULL;
	struct pt_unwinder *unwinder = NULL;
	int error = pt_target_open(&target, k, options->pid, NULL), status;
	if (error)
		return ui_leaks_error(k, options->pid, error);
	if (options->json)
		ask.bytes = BYTES_ALL;
	ui_progress_begin(&progress, NULL);
	pt_unwinder_new(&unwinder, k, options->pid); /* else without names */
	error = pt_hunt_ask(&object, &target, unwinder, options->why_address, &ask);
	ui_progress_end(&progress);
	if (error == -ENOTSUP) {
		ui_complain("process %d has no heap of glibc's malloc, whose objects alone can be told",
			    (int)options->pid);
		status = UI_LACKING;
	} else {
		status = error ? ui_leaks_error(k, options->pid, error) : tell(options, &target, object);
	}
	pt_object_free(object);
	pt_unwinder_free(unwinder);
	pt_target_close(&target);
	ui_progress_obey();
	return status;
}
