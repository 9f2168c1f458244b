/*
 * Fuzzes the reader of cores, and what works on what it read. What it opens must hold what its header promises; then it
 * is compared with itself, and merged with itself if it says that it is its own base.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/dump/compare.h"
#include "core/dump/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition)                                                                                             \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)
#define STEPS 64 /* pieces that are compared; a run can claim to go on for terabytes */

struct input {
	const uint8_t *data;
	size_t size;
	int steps;
};

static int read_at(void *arg, void *bytes, size_t size, uint64_t offset)
{
	const struct input *input = arg;
	PROMISE(offset <= input->size && size <= input->size - offset);
	memcpy(bytes, input->data + offset, size);
	return 0;
}

static int ignore(void *arg, const void *bytes, size_t size, uint64_t offset)
{
	(void)arg;
	(void)bytes;
	PROMISE(offset + size >= offset);
	return 0;
}

static int step(void *arg, uint64_t done)
{
	struct input *input = arg;
	(void)done;
	return input->steps++ < STEPS ? 0 : -ECANCELED;
}

static void check_tables(const struct pt_core *core)
{
	for (size_t i = 0; i < core->n_segments; i++) {
		const struct pt_segment *s = &core->segments[i];
		PROMISE(s->size && s->start + s->size > s->start);
		PROMISE(s->offset + s->size <= core->source.size);
		PROMISE(!i || s->start >= s[-1].start + s[-1].size);
	}
	for (size_t i = 0; i < core->n_runs; i++) {
		const struct pt_run *run = &core->runs[i];
		char byte;
		PROMISE(run->start < run->end && run->content < PT_CONTENT_N);
		PROMISE(!i || run->start >= run[-1].end);
		PROMISE(pt_core_find(core, run->start) == i && pt_core_find(core, run->end - 1) == i);
		int known = pt_core_read(core, run->end - 1, &byte, 1) == 0;
		PROMISE(known == pt_content_here(run->content));
	}
	PROMISE(core->vmas);
}

static int visit_note(void *arg, const char *name, size_t name_size, uint32_t type, const char *desc, size_t size)
{
	const struct pt_core *core = arg;
	(void)type;
	PROMISE(name >= core->notes && name + name_size <= core->notes + core->notes_size);
	PROMISE(desc >= core->notes && desc + size <= core->notes + core->notes_size);
	return 0;
}

static void work(struct pt_core *core, struct input *input)
{
	struct pt_comparison result;
	const struct pt_compare_job job = {.first = core, .second = core, .step = step, .arg = input};
	const struct pt_sink sink = {ignore, NULL};
	uint64_t file_size;

	check_tables(core);
	pt_core_notes(core, visit_note, core);
	if (pt_compare(&job, &result) == 0) {
		PROMISE(result.all.differ == 0 && result.all.only_first == 0 && result.all.only_second == 0);
		pt_comparison_free(&result);
	}
	struct pt_core base = *core; /* as a whole dump that has the id which this one wants */
	base.info.base[0] = '\0';
	memcpy(base.info.id, core->info.base_id, sizeof(base.info.id));
	input->steps = 0;
	pt_merge(&base, core, sink, step, input, &file_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size, 0};
	const struct pt_source source = {read_at, &input, size};
	struct pt_core *core = NULL;
	const char *why = NULL;
	int error = pt_core_open(&core, source, &why);
	if (error) {
		PROMISE(error == -EBADMSG || error == -ENOMEM);
		PROMISE(error != -EBADMSG || (why && *why));
		return 0;
	}
	work(core, &input);
	pt_core_close(core);
	return 0;
}
