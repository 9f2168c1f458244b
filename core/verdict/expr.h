/*
 * An assertion as a tree, and the words of the language (private to core/verdict).
 */
#ifndef PT_VERDICT_EXPR_H
#define PT_VERDICT_EXPR_H

#include "core/verdict/assert.h"

/* ---- words ------------------------------------------------------------------------------------------------------ */

enum pt_function {
	PT_FN_PEAK,
	PT_FN_FINAL,
	PT_FN_AT,
	PT_FN_MIN,
	PT_FN_MEAN,
	PT_FN_SLOPE,
	PT_FN_PLATEAU,
	PT_FN_STILL_PRESENT,
	PT_FN_THP_SHARE,
	PT_FN_LEAKED,
	PT_FN_OBJECTS_STILL,
	PT_FN_N
};

struct pt_word {
	const char *text;
	size_t size;
};

const char *pt_function_usage(enum pt_function fn);   /* "peak(SERIES[, RANGE])" */
enum pt_function pt_function_of(struct pt_word word); /* PT_FN_N: none */

/* Roles that a word stands for, as bits: one, or a group of them ("heap"). 0: none. */
#define PT_ROLES_ALL ((1u << PT_ROLE_N) - 1)
uint32_t pt_roles_of(struct pt_word word);
/* Words for roles, one by one: NULL after the last. */
const char *pt_roles_word(size_t i);

/* What a number is of: powers of bytes and of seconds. */
struct pt_dimension {
	int8_t bytes, seconds;
};
struct pt_unit_word {
	const char *name;
	double factor; /* 0: pages, which are as large as the trace says */
	struct pt_dimension dimension;
};
const struct pt_unit_word *pt_unit_of(struct pt_word word); /* NULL: none */
const char *pt_unit_name(size_t i);                         /* one by one: NULL after the last */

bool pt_word_is(struct pt_word word, const char *text);
/* The function, series, role or other word of the language that is spelt nearly so; NULL: none is. */
const char *pt_word_near(struct pt_word word);

/* ---- the tree --------------------------------------------------------------------------------------------------- */

enum pt_anchor { PT_AT_START, PT_AT_END, PT_AT_MARK };

struct pt_instant {
	enum pt_anchor anchor;
	char label[64]; /* of PT_AT_MARK; raw bytes */
	unsigned nth;   /* 1: the first mark of that label; 0: the last */
	double offset;  /* seconds */
};

struct pt_range {
	struct pt_instant from, to;
};

/* Whose memory: of all processes of the tree, or of those with a name. */
struct pt_who {
	bool named;
	bool root; /* the command itself */
	char name[PT_NAME_MAX];
};

struct pt_series {
	enum pt_quantity quantity;
	uint32_t roles; /* bits */
	struct pt_who who;
};

enum pt_node_kind {
	PT_NODE_NUMBER,
	PT_NODE_SERIES, /* at every sample: an operand of a comparison */
	PT_NODE_CALL,
	PT_NODE_NEGATIVE,
	PT_NODE_ADD,
	PT_NODE_SUBTRACT,
	PT_NODE_MULTIPLY,
	PT_NODE_DIVIDE,
	PT_NODE_LESS,
	PT_NODE_LESS_EQUAL,
	PT_NODE_GREATER,
	PT_NODE_GREATER_EQUAL,
	PT_NODE_EQUAL,
	PT_NODE_UNEQUAL,
	PT_NODE_NOT,
	PT_NODE_AND,
	PT_NODE_OR,
};

enum pt_type { PT_TYPE_VALUE, PT_TYPE_SERIES, PT_TYPE_TRUTH };

struct pt_node {
	enum pt_node_kind kind;
	enum pt_type type;
	struct pt_dimension dimension;
	bool zero;       /* a 0 without a unit, which fits any */
	size_t at, size; /* in the text */
	struct pt_node *left, *right;
	double number; /* of PT_NODE_NUMBER, in bytes and seconds; */
	bool pages;    /* or in pages */
	/* of PT_NODE_CALL and PT_NODE_SERIES: */
	enum pt_function fn;
	struct pt_series series;
	struct pt_range range, born;
	struct pt_instant instant;
	bool at_instant; /* thp_share of a moment rather than of a range */
	/* of the assertion that owns it: */
	struct pt_node *next;
};

struct pt_assert {
	char *text;
	struct pt_node *root;
	struct pt_node *nodes; /* all of them */
};

#endif
