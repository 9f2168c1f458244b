/*
 * pagetop page: what one page is, in words, with the evidence; or as JSON. The process is scanned first, for the sums
 * of the VMA that the page lies in and for the signals.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/explain/recall.h"
#include "core/record/record.h"
#include "core/report/facts.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"

/* One page: what the kernel said, what it means, and the VMA's sums from the scan before. */
struct answer {
	struct pt_facts facts;
	struct pt_explanation explanation;
	struct pt_vma_row row; /* row.snapshot is NULL where the VMA is not that of the scan */
};

/* Out of a recording there is what the snapshot holds; of a process, all the kernel says now. */
static int look(const struct ui_options *options, struct pt_kernel *k, const struct pt_snapshot *snapshot,
		uint64_t address, struct answer *ret)
{
	const struct pt_vma_table *vmas = snapshot->vmas;
	size_t i;
	int r = 0;

	if (options->input)
		pt_recall_page(snapshot, address, &ret->facts);
	else
		r = pt_inspect_page(k, snapshot->process.pid, address, &snapshot->signals, &ret->facts);
	if (r < 0)
		return r;
	i = pt_vma_find(vmas, ret->facts.address);
	ret->row = (struct pt_vma_row){.vma = &ret->facts.vma};
	if (ret->facts.mapped && i < vmas->n && vmas->v[i].start == ret->facts.vma.start &&
	    vmas->v[i].end == ret->facts.vma.end) {
		ret->facts.vma_sum = *pt_snapshot_sums(snapshot, i);
		ret->row = (struct pt_vma_row){&vmas->v[i], snapshot, i};
	}
	pt_explain_page(&ret->facts, &ret->explanation);
	return 0;
}

/* ---- text ------------------------------------------------------------------------------------------------------ */

static void print_fact(const struct pt_fact *fact, int width)
{
	int at = printf("  %-17s ", fact->name);

	if (fact->note[0]) {
		printf("%-22s ", fact->value);
		ui_print_wrapped(fact->note, at + 23, at + 23, width);
	} else {
		ui_print_wrapped(fact->value, at, at, width);
	}
}

static void print_facts(const struct pt_fact_list *list, int width)
{
	const char *group = "";

	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(group, list->v[i].group) != 0)
			printf("\n%s\n", list->v[i].group);
		group = list->v[i].group;
		print_fact(&list->v[i], width);
	}
}

static void print_answer(const struct pt_snapshot *snapshot, const struct answer *answer)
{
	struct pt_fact_list list;
	char name[4 * PT_NAME_MAX];
	int width = ui_text_width();

	pt_text_printable(snapshot->process.name, strlen(snapshot->process.name), name, sizeof(name));
	printf("0x%" PRIx64 " of %s (%d): %s\n\n", answer->facts.address, name, (int)snapshot->process.pid,
	       pt_cause_name(answer->explanation.cause));
	ui_print_wrapped(answer->explanation.headline, 0, 0, width);
	for (unsigned i = 0; i < answer->explanation.n_reasons; i++)
		ui_print_wrapped(answer->explanation.reasons[i], printf("- "), 2, width);
	pt_facts_list(&answer->facts, &list);
	print_facts(&list, width);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *flags_json(struct pt_maybe flags)
{
	return flags.known ? ui_json_flags(flags.value) : json_null();
}

static json_t *vma_json(const struct answer *answer)
{
	size_t ids[PT_COL_JSON_N];

	if (!answer->facts.mapped)
		return json_null();
	for (size_t i = 0; i < PT_COL_JSON_N; i++)
		ids[i] = i;
	return ui_vma_json(&answer->row, ids, PT_COL_JSON_N);
}

/* The answer and its reasons as one paragraph. */
static json_t *text_json(const struct pt_explanation *explanation)
{
	char text[sizeof(explanation->headline) + sizeof(explanation->reasons) + PT_REASONS_MAX + 1];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", explanation->headline);

	for (unsigned i = 0; i < explanation->n_reasons; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", explanation->reasons[i]);
	return ui_json_bytes(text);
}

static json_t *answer_json(const struct answer *answer)
{
	const struct pt_facts *f = &answer->facts;
	enum pt_cause cause = answer->explanation.cause;
	enum pt_kind kind = pt_page_kind(pt_facts_page(f));
	struct pt_maybe pfn = {f->pfn, f->pfn != 0}, physical = {f->pfn << f->page_shift, f->pfn != 0};
	struct pt_maybe address = {f->address, true}, pagemap = f->pagemap;
	struct pt_maybe node = {f->physical.node >= 0 ? (uint64_t)f->physical.node : 0, f->physical.node >= 0};
	bool swapped = cause == PT_CAUSE_SWAPPED || cause == PT_CAUSE_SHMEM_SWAPPED;

	if (!f->mapped)
		pagemap = (struct pt_maybe){0, true}; /* nobody asked: between VMAs every entry is 0 */
	return json_pack("{s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "address",
			 ui_json_hex(address), "vma", vma_json(answer), "present", pt_kind_present(kind), "swapped",
			 swapped, "pfn", ui_json_maybe(pfn), "physical", ui_json_hex(physical), "pagemap",
			 ui_json_hex(pagemap), "kpageflags", ui_json_hex(f->flags), "flags",
			 flags_json(pt_facts_flags(f)), "kpagecount", ui_json_maybe(f->count), "cgroup",
			 ui_json_bytes(f->cgroup_path[0] ? f->cgroup_path : NULL), "zone",
			 ui_json_bytes(f->physical.zone[0] ? f->physical.zone : NULL), "node", ui_json_maybe(node),
			 "cause", pt_cause_name(cause), "text", text_json(&answer->explanation));
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static int print_answers(const struct ui_options *options, const struct pt_snapshot *snapshot,
			 const struct answer *answers, size_t n)
{
	struct ui_json out;

	if (!options->json) {
		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				putchar('\n');
			print_answer(snapshot, &answers[i]);
		}
		return UI_OK;
	}
	ui_json_begin(&out, "page");
	for (size_t i = 0; i < n; i++)
		ui_json_element(&out, answer_json(&answers[i]));
	ui_json_end_array(&out);
	return ui_json_end(&out);
}

/* Looks at all pages before it prints the first, so that an answer is whole or there is none. */
static int answer_all(const struct ui_options *options, struct pt_kernel *k, const struct pt_snapshot *snapshot,
		      const uint64_t *addresses, size_t n)
{
	struct answer *answers = calloc(n, sizeof(*answers));
	int r = answers ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = look(options, k, snapshot, addresses[i], &answers[i]);
	r = r < 0 ? ui_target_error(k, options->pid, r) : print_answers(options, snapshot, answers, n);
	free(answers);
	return r;
}

static int scan_and_answer(const struct ui_options *options, struct pt_kernel *k, const uint64_t *addresses, size_t n)
{
	struct pt_snapshot *snapshot;
	struct pt_reader *reader;
	int r = ui_subject(options, k, &snapshot, &reader);

	if (r != UI_OK)
		return r;
	r = answer_all(options, k, snapshot, addresses, n);
	pt_snapshot_unref(snapshot);
	pt_reader_close(reader);
	return r;
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	uint64_t *addresses;
	size_t n = 0;
	int r = UI_OK;

	while (options->rest[n])
		n++;
	addresses = calloc(n + 1, sizeof(*addresses));
	if (!addresses)
		return ui_target_error(k, options->pid, -ENOMEM);
	for (size_t i = 0; i < n && r == UI_OK; i++) {
		if (!ui_parse_address(options->rest[i], &addresses[i])) {
			ui_complain("'%s' is no address: give it in hexadecimal, as in /proc/PID/maps",
				    options->rest[i]);
			r = UI_USAGE;
		}
	}
	if (r == UI_OK)
		r = scan_and_answer(options, k, addresses, n);
	free(addresses);
	return r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "Says in words what the page at each address is and why, then everything the\n"
			   "kernel knows of it: mapping, page table entry, frame, map count, flags by name.\n"
			   "\n"
			   "  ADDR                   hexadecimal, with or without 0x, as in\n"
			   "                         /proc/PID/maps: digits alone are hexadecimal too,\n"
			   "                         never decimal. Any byte of the page will do\n"
			   "  -p, --pid PID          the process\n"
			   "  -J, --json             JSON, one object per address\n"
			   "\n"
			   "An address where nothing is mapped is an answer too: exit status 0.\n";

const struct ui_command ui_page_command = {
	.name = "page",
	.operands = "ADDR...",
	.summary = "one page, explained in words",
	.usage = "-p PID|-i RECORDING ADDR... [OPTION...]",
	.help = help,
	.needs_process = true,
	.takes_recording = true,
	.run = run,
};
