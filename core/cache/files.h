/*
 * Files: how much of trees of files is cached, file by file. Each file counts once, by whatever names it is found; what
 * lies on another file system, and what could not be looked at, is told and not taken for nothing. Links are followed
 * only where they were given. Owns its rows; reading runs in the caller's thread.
 */
#ifndef PT_CACHE_FILES_H
#define PT_CACHE_FILES_H

#include "core/cache/cached.h"

/* One file: what was given, has something cached, or could not be looked at. */
struct pt_file_row {
	char *path; /* as it was found; as hostile as names are */
	struct pt_cached_sum sum;
	int error;               /* -errno: it could not be looked at, and the sums say nothing; else 0 */
	bool counted, no_active; /* as of struct pt_cached */
};

/* What was left out. */
enum pt_files_why {
	PT_FILES_OTHER_SYSTEM, /* a folder on another file system than the one that was given */
	PT_FILES_UNREADABLE,   /* a folder */
	PT_FILES_WHY_N
};
struct pt_files_gap {
	char *path;
	enum pt_files_why why;
	int error; /* -errno; of unreadable ones */
};

struct pt_files {
	struct pt_file_row *v; /* [n] */
	size_t n, room;
	struct pt_cached_sum sum; /* of all that could be looked at */
	uint64_t files, folders;  /* looked at */
	uint64_t again;           /* further names of files that were counted */
	uint64_t special;         /* sockets, devices and the like: no page cache */
	uint64_t failed;          /* files that could not be looked at */
	uint64_t gaps[PT_FILES_WHY_N];
	struct pt_files_gap *gap; /* [n_gap], the first of them */
	size_t n_gap;
	uint64_t took_ns;
};

struct pt_files_request {
	const char *const *paths; /* [n] */
	size_t n;
	/* Takes what is cached of each file, page by page, once it was looked at; nonzero ends it with that. NULL: sums alone. */
	int (*each)(void *arg, const char *path, struct pt_cached *cached);
	void *arg;
	bool only_frames; /* of each page its frame is wanted alone: pt_cached_reader_only_frames() */
	struct pt_step
		step; /* called after each file and folder, and within large files; what is found so far is in *ret */
};

/* 0, -ENOMEM, or what step or each said. A path that is not there is a row with an error. Frees with pt_files_free, 0 or not. */
int pt_files_read(struct pt_kernel *k, const struct pt_files_request *request, struct pt_files *ret);
void pt_files_free(struct pt_files *files);

/* The most cached first; then by path. */
void pt_files_sort(struct pt_files *files);

#endif
