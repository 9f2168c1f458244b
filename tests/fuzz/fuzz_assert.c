/*
 * Fuzzes the language of assertions: a text is refused with one printable line that points into it, or is taken, and then
 * judged on a small trace, where it has an answer and, if that is none, a reason.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/verdict/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int what)
{
	if (!what)
		abort();
}

static void add_sample(struct pt_trace *trace, uint32_t process, uint64_t i)
{
	struct pt_amounts roles[PT_ROLE_N];
	struct pt_sample sample = {
		.process = process, .monotonic_ns = (1 + i) * 1000000000, .roles = i % 3 ? roles : NULL};
	memset(roles, 0, sizeof(roles));
	for (int q = 0; q < PT_QUANTITY_N; q++) {
		sample.all.v[q] = (struct pt_maybe){(uint64_t)q * 4096 + i * 64, i % 5 != (uint64_t)q % 5};
		for (int role = 0; role < PT_ROLE_N; role++)
			roles[role].v[q] = (struct pt_maybe){i * 4, true};
	}
	expect(pt_trace_add(trace, &sample) == 0);
}

static struct pt_trace *make_trace(void)
{
	struct pt_trace *trace;
	expect(pt_trace_new(&trace) == 0);
	trace->began_ns = trace->interval_ns = 1000000000;
	for (uint32_t p = 0; p < 2; p++) {
		struct pt_trace_process process = {.pid = 7 + (int)p, .began_ns = (1 + 20 * p) * 1000000000ull};
		strcpy(process.name, p ? "b" : "a");
		expect(pt_trace_add_process(trace, &process) == (ssize_t)p);
	}
	for (uint64_t i = 0; i < 70; i++) {
		add_sample(trace, 0, i);
		if (i > 20)
			add_sample(trace, 1, i);
	}
	expect(pt_trace_mark(trace, &(struct pt_trace_mark){.monotonic_ns = 5000000000, .label = "a"}) == 0);
	expect(pt_trace_mark(trace, &(struct pt_trace_mark){.monotonic_ns = 9000000000, .label = "b"}) == 0);
	return trace;
}

static void check_error(const char *text, const struct pt_assert_error *error)
{
	expect(error->at + error->size <= strlen(text));
	expect(error->message[0] && memchr(error->message, 0, sizeof error->message));
	for (const char *c = error->message; *c; c++)
		expect((unsigned char)*c >= ' ' && *c != 0x7f);
}

static void judge(const struct pt_assert *assertion)
{
	static struct pt_trace *trace;
	struct pt_judgement judgement;
	trace = trace ? trace : make_trace();
	expect(pt_assert_judge(assertion, trace, &judgement) == 0);
	expect((judgement.answer == PT_ANSWER_UNDECIDED) == (judgement.why[0] != 0));
	for (size_t i = 0; i < judgement.n_findings; i++) {
		const struct pt_finding *f = &judgement.findings[i];
		expect(f->low <= f->high); /* false for NAN too */
		expect(f->at + f->size <= strlen(pt_assert_text(assertion)));
	}
	pt_judgement_free(&judgement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pt_assert *assertion = NULL;
	struct pt_assert_error error;
	char *text = malloc(size + 1);
	expect(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	int r = pt_assert_parse(text, &assertion, &error);
	if (r == -EINVAL) {
		expect(!assertion);
		check_error(text, &error);
	} else {
		expect(r == 0 && strcmp(pt_assert_text(assertion), text) == 0);
		judge(assertion);
	}
	pt_assert_free(assertion);
	free(text);
	return 0;
}
