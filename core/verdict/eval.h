/*
 * An assertion being judged (private to core/verdict): eval.c knows operators, leaves.c the functions of series, born.c
 * pages by when they were born, grown.c what grew.
 */
#ifndef PT_VERDICT_EVAL_H
#define PT_VERDICT_EVAL_H

#include "core/verdict/series.h"

/* A number that lies in [low, high]. */
struct pt_value {
	double low, high;
};

struct pt_judge {
	const struct pt_trace *trace;
	struct pt_judgement *judgement;
	size_t room; /* for findings */
	char why[sizeof(
		((struct pt_judgement *)NULL)->why)]; /* of the comparison at hand: what is not known; "": all is */
	uint64_t need_ns;
	const struct pt_node *blamed;    /* the first function or series of what failed */
	size_t first_blamed, end_blamed; /* its findings, and those of the rest of what failed */
	struct pt_grown born;            /* of the first still_present() */
	int error;                       /* -errno: nothing that is said stands */
};

/* Notes what is not known; the first stands. */
void pt_judge_why(struct pt_judge *j, uint64_t need_ns, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What a call comes to; and a series at the sample where it is least, or most. */
struct pt_value pt_judge_call(struct pt_judge *j, const struct pt_node *node);
struct pt_value pt_judge_extreme(struct pt_judge *j, const struct pt_node *node, bool most);
/* Whether a series is, at every sample, what it is compared with (`equal`), or never so. */
enum pt_answer pt_judge_equals(struct pt_judge *j, const struct pt_node *node, struct pt_value with, bool equal);
enum pt_answer pt_judge_plateau(struct pt_judge *j, const struct pt_node *node);

/* Whether a is less than b, or as large; whether both are the same. */
enum pt_answer pt_value_less(struct pt_value a, struct pt_value b, bool or_equal);
enum pt_answer pt_value_equal(struct pt_value a, struct pt_value b);
enum pt_answer pt_answer_not(enum pt_answer answer);

/* Bytes of pages born in a range and there at a moment; which VMAs hold them. 0 or -errno. */
struct pt_born {
	const struct pt_series *series; /* whose, and of which roles */
	uint64_t from_ns, to_ns, at_ns; /* CLOCK_MONOTONIC */
	struct pt_value bytes;
	struct pt_grown grown;
	size_t unread; /* processes without frames */
};
int pt_born_count(const struct pt_trace *trace, struct pt_born *born);

/* Fills in what of a series grew between two moments. 0 or -errno. */
int pt_grown_find(const struct pt_trace *trace, const struct pt_series *series, uint64_t from_ns, uint64_t to_ns,
		  struct pt_grown *ret);
/* One more VMA, which keeps its place by bytes. */
void pt_grown_add(struct pt_grown *grown, const struct pt_grown_vma *vma);

/* Moments of a past as a process of a trace knows them, by CLOCK_MONOTONIC. */
struct pt_frame {
	uint64_t seq; /* 0: there is none */
	uint64_t ns;
};
/* The last one that is not after a time; the first one that is not before it. -errno where the past cannot be read. */
int pt_frame_before(struct pt_past *past, uint64_t ns, struct pt_frame *ret);
int pt_frame_after(struct pt_past *past, uint64_t ns, struct pt_frame *ret);
/* The last moment at which anything was sampled, or the one given where that is earlier. */
uint64_t pt_trace_within(const struct pt_trace *trace, uint64_t ns);

#endif
