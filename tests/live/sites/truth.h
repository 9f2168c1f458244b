/*
 * What target.c says of itself in shared memory: the objects that it has leaked, and by which of its sites. Addresses are
 * multiplied, so that they are no pointers, hidden ones neither.
 */
#ifndef TESTS_SITES_TRUTH_H
#define TESTS_SITES_TRUTH_H

#include <stdint.h>

#define TRUTH_SITES  24 /* site_00() to site_23() */
#define TRUTH_LEAKED (1u << 22)
#define TRUTH_FACTOR 0x9e3779b97f4a7c15ull

struct truth {
	_Atomic uint64_t operations; /* from 1 on: it runs */
	_Atomic uint64_t n;
	_Atomic int held; /* to be set: it stands still */
	struct {
		uint64_t address; /* times TRUTH_FACTOR */
		int site;
	} leaked[TRUTH_LEAKED]; /* [n] */
};

#endif
