/*
 * pagetop frame: one page frame of the machine: what it is, where it lies, who maps it and at which addresses, and of
 * which file it is a page; or as JSON. Owners come out of an index over all processes, which is read for the occasion.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/machine/frameinfo.h"
#include "core/machine/ram.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/json_out.h"
#include "tui/commands/text_out.h"

#define TRIES 3 /* while mappings come and go */

struct answer {
	struct pt_frame_info info;
	struct pt_owners_answer owners;
	bool has_owners;                   /* frame numbers can be seen */
	struct pt_frame_mapping *mappings; /* [owners.n] */
	struct pt_frame_mapping file;
	bool has_file;
};

/* ---- asking ----------------------------------------------------------------------------------------------------- */

/* A new index each time, of which what did not change is taken over. */
static int find_owners(struct pt_kernel *k, const struct pt_signals *signals, uint64_t pfn, struct answer *a)
{
	struct pt_owners_request request = {.signals = signals};
	int error = 0;
	for (int i = 0; i < TRIES && !error && (!i || a->owners.missing == PT_OWNERS_CHANGED); i++) {
		struct pt_owners *owners;
		error = pt_owners_build(k, &request, &owners);
		if (error)
			break;
		pt_owners_unref(request.before);
		request.before = owners;
		free(a->owners.v);
		a->owners = (struct pt_owners_answer){0};
		error = pt_owners_of(owners, k, pfn, &a->owners);
	}
	pt_owners_unref(request.before);
	a->has_owners = !error;
	return error == -EPERM ? 0 : error;
}

static int ask(struct pt_kernel *k, uint64_t pfn, struct answer *a)
{
	struct pt_signals signals;
	pt_probe_signals(k, 0, &signals);
	pt_frame_read(k, pfn, &signals, &a->info);
	if (!a->info.facts.flags.known)
		return pt_signal_has(&signals, PT_SIG_KPAGEFLAGS) ? 0 : -EPERM;
	int error = find_owners(k, &signals, pfn, a);
	if (error)
		return error;
	if (a->owners.has_count) /* of the moment of its owners */
		a->info.facts.count.value = a->owners.count;
	a->mappings = calloc(a->owners.n + 1, sizeof(*a->mappings));
	if (!a->mappings)
		return -ENOMEM;
	for (size_t i = 0; i < a->owners.n; i++) /* of one that has gone since, nothing is said */
		pt_frame_mapping(k, a->owners.v[i].pid, a->owners.v[i].address, &a->mappings[i]);
	a->has_file = pt_frame_file(k, &a->info, &a->owners, &a->file);
	return 0;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static void print_owner(const struct pt_owner *owner, const struct pt_frame_mapping *mapping)
{
	char name[4 * sizeof(owner->name)], vma[4 * sizeof(mapping->name)];
	pt_text_printable(owner->name, strlen(owner->name), name, sizeof(name));
	pt_text_printable(mapping->name, strlen(mapping->name), vma, sizeof(vma));
	printf("  %7d %-16s 0x%012" PRIx64 "%s%s%s\n", (int)owner->pid, name, owner->address,
	       owner->huge ? " huge" : "", vma[0] ? " " : "", vma);
}

static void print_owners(const struct answer *a)
{
	char words[160];
	if (!a->has_owners) {
		printf("\nWho maps it: frame numbers are hidden from this user; sudo pagetop shows them\n");
		return;
	}
	if (!a->owners.n && !(a->owners.has_count && a->owners.count))
		return;
	printf("\nWho maps it: %s\n", pt_owners_words(&a->owners, words, sizeof(words)));
	for (size_t i = 0; i < a->owners.n; i++)
		print_owner(&a->owners.v[i], &a->mappings[i]);
}

static void print_facts(const struct pt_frame_info *info, int width)
{
	struct pt_fact_list *list = malloc(sizeof(*list));
	const char *group = "";
	if (!list)
		return;
	pt_frame_list(info, list);
	for (size_t i = 0; i < list->n; i++) {
		const struct pt_fact *fact = &list->v[i];
		if (strcmp(group, fact->group) != 0)
			printf("\n%s\n", fact->group);
		group = fact->group;
		int at = printf("  %-17s ", fact->name);
		if (fact->note[0])
			printf("%-22s ", fact->value);
		ui_print_wrapped(fact->note[0] ? fact->note : fact->value, fact->note[0] ? at + 23 : at,
				 fact->note[0] ? at + 23 : at, width);
	}
	free(list);
}

static void print_text(const struct answer *a)
{
	char text[sizeof(a->file.name) * 4 + 256];
	int width = ui_text_width();
	ui_print_wrapped(pt_frame_headline(&a->info, text, sizeof(text)), 0, 0, width);
	if (a->has_file) {
		size_t n = (size_t)snprintf(text, sizeof(text),
					    "It holds the file's bytes from 0x%" PRIx64 " on: ", a->file.offset);
		pt_text_printable(a->file.name, strlen(a->file.name), text + n, sizeof(text) - n);
		ui_print_wrapped(text, 0, 0, width);
	}
	print_owners(a);
	print_facts(&a->info, width);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *flags_json(struct pt_maybe flags)
{
	char name[24];
	json_t *array = flags.known ? json_array() : json_null();
	for (int bit = 0; flags.known && array && bit < 64; bit++)
		if (flags.value >> bit & 1)
			json_array_append_new(array, json_string(pt_flag_name(bit, name, sizeof(name))));
	return array;
}

static json_t *owners_json(const struct answer *a)
{
	json_t *array = a->has_owners ? json_array() : json_null();
	for (size_t i = 0; array && i < a->owners.n; i++) {
		const struct pt_owner *o = &a->owners.v[i];
		const struct pt_frame_mapping *m = &a->mappings[i];
		json_array_append_new(array, json_pack("{s:i, s:o, s:o, s:b, s:o}", "pid", (int)o->pid, "address",
						       ui_json_hex((struct pt_maybe){o->address, true}), "name",
						       ui_json_bytes(o->name), "huge", o->huge, "vma",
						       ui_json_bytes(m->name[0] ? m->name : NULL)));
	}
	return array;
}

static json_t *file_json(const struct answer *a)
{
	if (!a->has_file)
		return json_null();
	return json_pack("{s:o, s:I, s:I}", "path", ui_json_bytes(a->file.name), "offset", (json_int_t)a->file.offset,
			 "inode", (json_int_t)a->file.inode);
}

static struct pt_maybe known_if(int64_t value)
{
	return (struct pt_maybe){value >= 0 ? (uint64_t)value : 0, value >= 0};
}

static json_t *place_json(const struct pt_frame_info *info)
{
	const struct pt_facts *f = &info->facts;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "zone",
			 ui_json_bytes(f->physical.zone[0] ? f->physical.zone : NULL), "node",
			 ui_json_maybe(known_if(f->physical.node)), "memory-block",
			 ui_json_maybe(known_if(f->physical.memory_block)), "cgroup",
			 ui_json_bytes(f->cgroup_path[0] ? f->cgroup_path : NULL), "folio-first",
			 ui_json_maybe(f->folio_first), "folio-pages", ui_json_maybe(f->folio_pages), "free-order",
			 ui_json_maybe(info->free_order), "pageblock-order", ui_json_maybe(info->block_order),
			 "migrate-type", ui_json_bytes(info->migrate_type[0] ? info->migrate_type : NULL));
}

static int print_json(const struct answer *a)
{
	const struct pt_facts *f = &a->info.facts;
	char text[256];
	bool whole = a->has_owners && a->owners.missing == PT_OWNERS_ALL_FOUND;
	json_t *frame = json_pack(
		"{s:I, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:s}", "pfn", (json_int_t)f->pfn, "physical",
		ui_json_hex((struct pt_maybe){f->pfn << f->page_shift, true}), "kpageflags", ui_json_hex(f->flags),
		"kind", f->flags.known ? pt_frame_name(a->info.kind) : "none", "flags", flags_json(pt_facts_flags(f)),
		"count", ui_json_maybe(f->count), "owners", owners_json(a), "owners-complete", whole, "file",
		file_json(a), "page-owner", ui_json_bytes(a->info.record[0] ? a->info.record : NULL), "text",
		pt_frame_headline(&a->info, text, sizeof(text)));
	json_t *place = frame ? place_json(&a->info) : NULL;
	bool all = place && !json_object_update(frame, place);
	json_decref(place);
	if (!all) {
		json_decref(frame);
		frame = NULL;
	}
	return ui_json_whole("frame", frame);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int say_error(int error)
{
	if (error == -ENOMEM)
		return ui_out_of_memory();
	ui_complain("frames cannot be looked at: %s",
		    error == -EPERM ? "this needs root (CAP_SYS_ADMIN): sudo pagetop frame" : strerror(-error));
	return error == -EPERM ? UI_DENIED : UI_LACKING;
}

static int say_none(struct pt_kernel *k, uint64_t pfn)
{
	struct pt_ram ram;
	char last[48] = "";
	if (pt_ram_read(k, &ram) == 0) {
		snprintf(last, sizeof(last), ": the last is %" PRIu64, ram.frames - 1);
		pt_ram_free(&ram);
	}
	ui_complain("this machine has no frame %" PRIu64 "%s", pfn, last);
	return UI_USAGE;
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	struct answer *a;
	uint64_t pfn;
	if (options->rest[1] || !pt_text_parse_u64(options->rest[0], &pfn) || pfn >> PT_PFN_BITS) {
		ui_complain("'%s' is no frame number: one, decimal or with 0x hexadecimal",
			    options->rest[1] ? options->rest[1] : options->rest[0]);
		return UI_USAGE;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return ui_out_of_memory();
	int error = ask(k, pfn, a), r = UI_OK;
	bool none = !error && !a->info.facts.flags.known;
	if (error)
		r = say_error(error);
	else if (options->json)
		r = print_json(a);
	else if (!none)
		print_text(a);
	if (none && r == UI_OK)
		r = say_none(k, pfn);
	free(a->owners.v);
	free(a->mappings);
	free(a);
	return r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "What one page frame of the machine is, where it lies, and who maps it: every\n"
			   "process and address, found by reading the page tables of all processes. Of a\n"
			   "page of a file also the path and the offset.\n"
			   "\n"
			   "  PFN                    the frame's number: decimal, or hexadecimal with 0x,\n"
			   "                         as pagetop page has it\n"
			   "  -J, --json             JSON\n"
			   "\n"
			   "What kpagecount counts and is not found is said, with the reason. The zero\n"
			   "page has no owners: the kernel counts none of its mappings.\n";

const struct ui_command ui_frame_command = {
	.name = "frame",
	.operands = "PFN",
	.summary = "one page frame, and who maps it",
	.usage = "PFN [OPTION...]",
	.help = help,
	.run = run,
};
