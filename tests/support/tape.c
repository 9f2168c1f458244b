/*
 * See tape.h.
 */
#include "tests/support/tape.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

void tape_open(struct tape *t, uint64_t seed, const struct pt_record_options *options)
{
	char message[200] = "";
	*t = (struct tape){.folder = "/tmp/pagetop-test-XXXXXX"};
	assert_non_null(mkdtemp(t->folder));
	snprintf(t->path, sizeof(t->path), "%s/a recording", t->folder);
	made_init(&t->made, seed, 200);
	if (pt_writer_open(t->path, options, &t->writer, message, sizeof(message)) < 0)
		fail_msg("%s", message);
}

struct pt_snapshot *tape_frame(struct tape *t)
{
	struct pt_snapshot *s = made_next(&t->made);
	if (pt_writer_frame(t->writer, s) < 0)
		fail_msg("%s", pt_writer_message(t->writer));
	t->frames[t->n++] = s;
	return s;
}

void tape_read(struct tape *t)
{
	char message[200] = "";
	if (pt_reader_open(t->path, &t->reader, message, sizeof(message)) < 0)
		fail_msg("%s", message);
	t->past = pt_reader_past(t->reader);
}

void tape_make(struct tape *t, uint64_t seed)
{
	const struct pt_record_options options = {0};
	tape_open(t, seed, &options);
	while (t->n < TAPE_FRAMES)
		tape_frame(t);
	pt_writer_close(t->writer);
	t->writer = NULL;
	tape_read(t);
}

void tape_end(struct tape *t)
{
	char name[400];
	pt_writer_close(t->writer);
	pt_reader_close(t->reader);
	for (size_t i = 0; i < t->n; i++)
		pt_snapshot_unref(t->frames[i]);
	made_end(&t->made);
	DIR *folder = opendir(t->folder);
	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		snprintf(name, sizeof(name), "%s/%s", t->folder, entry->d_name);
		unlink(name);
	}
	closedir(folder);
	assert_int_equal(rmdir(t->folder), 0);
}
