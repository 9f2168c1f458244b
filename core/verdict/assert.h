/*
 * Assertions: what somebody says of the memory of a run, as `slope(heap.anon, "warm"..end) < 10K/s`, and whether a trace
 * bears it out. The language is in the manual (ASSERTIONS). Pure: text and a trace in, a judgement out.
 *
 * Values are intervals: what is not known exactly, as of a process that ended before its pages were read, has a least and
 * a most, and an assertion that holds at one and not at the other is undecided.
 */
#ifndef PT_VERDICT_ASSERT_H
#define PT_VERDICT_ASSERT_H

#include "core/verdict/grown.h"
#include "core/verdict/trace.h"
#include "core/verdict/trend.h"

#define PT_ASSERT_MAX 4096 /* bytes of an assertion */

struct pt_assert;

/* What is wrong with the text of an assertion: bytes [at, at + size) of it. */
struct pt_assert_error {
	size_t at, size;
	char message[320]; /* one line, printable: what is wrong and what would be accepted */
};

/* 0; -EINVAL with *error filled in; -ENOMEM. The text is copied. */
int pt_assert_parse(const char *text, struct pt_assert **ret, struct pt_assert_error *error);
void pt_assert_free(struct pt_assert *assertion); /* NULL is fine */
const char *pt_assert_text(const struct pt_assert *assertion);
bool pt_assert_asks(const struct pt_assert *assertion,
		    enum pt_quantity quantity); /* whether any series of it is of that */

/* Whether anything in it is about the heap at marks of that label; *ret_leaked: also about what is leaked there. */
bool pt_assert_asks_heap(const struct pt_assert *assertion, const char *label, bool *ret_leaked);

enum pt_answer { PT_ANSWER_NO, PT_ANSWER_UNDECIDED, PT_ANSWER_YES };
const char *pt_answer_name(enum pt_answer answer); /* "failed", "undecided", "passed" */

enum pt_unit {
	PT_UNIT_NUMBER,
	PT_UNIT_SHARE, /* 0.5 is 50 % */
	PT_UNIT_BYTES,
	PT_UNIT_PAGES, /* bytes, of pages */
	PT_UNIT_BYTES_A_SECOND,
	PT_UNIT_NUMBER_A_SECOND,
	PT_UNIT_TRUTH, /* enum pt_answer */
};

/* What a function or series of the assertion came to. */
struct pt_finding {
	size_t at, size; /* where it stands in the text */
	enum pt_unit unit;
	double low, high;        /* infinite where nothing is known */
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC: what it is about */
	bool has_trend;          /* of slope and plateau */
	struct pt_trend trend;
};

struct pt_judgement {
	enum pt_answer answer;
	struct pt_finding *findings; /* in the order of the text */
	size_t n_findings;
	char why[320];           /* of PT_ANSWER_UNDECIDED: what there is too little of; one line, printable */
	uint64_t need_ns;        /* of PT_ANSWER_UNDECIDED: how long a run would decide; 0: cannot be told */
	uint64_t from_ns, to_ns; /* of PT_ANSWER_NO: between which moments, CLOCK_MONOTONIC, what is in `grown` grew */
	struct pt_grown grown;
};

/* 0, or -errno of reading the past of a process. What is in *ret must be freed where it is 0. */
int pt_assert_judge(const struct pt_assert *assertion, const struct pt_trace *trace, struct pt_judgement *ret);
void pt_judgement_free(struct pt_judgement *judgement); /* of zeroes too */

#endif
