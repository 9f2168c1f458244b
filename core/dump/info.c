/*
 * What a dump says of itself, as text and back; and the names of kinds of content. Pure. The text is a stranger's when
 * it is read: every value is bounded, and strings keep whatever bytes they have, for others to make printable.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dump/format.h"
#include "core/text/text.h"

static const struct {
	const char *name, *words;
} contents[PT_CONTENT_N] = {
	[PT_CONTENT_STORED] = {"stored", "in this file"},
	[PT_CONTENT_SAME] = {"as-in-base", "unchanged since the base, which has them"},
	[PT_CONTENT_ZERO] = {"zero", "never written: they read as zeros"},
	[PT_CONTENT_FILE] = {"in-file", "not in memory: the mapped file has them"},
	[PT_CONTENT_ELSEWHERE] = {"elsewhere", "shared memory, or the kernel's, that this process does not map now"},
	[PT_CONTENT_SWAPPED] = {"swapped", "swapped out, and left there: reading brings them in (--swapped)"},
	[PT_CONTENT_DONTDUMP] = {"dontdump", "left out as the program asks by MADV_DONTDUMP (--all)"},
	[PT_CONTENT_USERFAULT] = {"userfaultfd", "left out: reading could wait for the program's own fault handler"},
	[PT_CONTENT_DEVICE] = {"device", "left out: memory of devices, and the kernel's own buffers"},
	[PT_CONTENT_MARKER] = {"marker", "guard or poison markers: they have no contents"},
	[PT_CONTENT_UNREADABLE] = {"unreadable", "the kernel refused, or they went away meanwhile"},
};
static const char *const stops[PT_STOP_N] = {"none", "registers", "all"};

const char *pt_content_name(enum pt_content content)
{
	return contents[content].name;
}

const char *pt_content_words(enum pt_content content)
{
	return contents[content].words;
}

const char *pt_stop_name(enum pt_dump_stop stop)
{
	return stops[stop];
}

size_t pt_info_print(const struct pt_dump_info *i, char *ret, size_t size)
{
	int n = snprintf(ret, size,
			 "version %d\nid %s\nboot %s\npid %d\nstart-time %" PRIu64 "\nrealtime-ns %" PRIu64
			 "\ntook-ns %" PRIu64 "\nstop %s\nstopped-ns %" PRIu64 "\npage-size %" PRIu64
			 "\ncleared-soft-dirty %d\n",
			 PT_DUMP_VERSION, i->id, i->boot, (int)i->pid, i->start_time, i->realtime_ns, i->took_ns,
			 stops[i->stop], i->stopped_ns, (uint64_t)1 << i->page_shift, i->cleared_soft_dirty);
	if (i->base[0] && n > 0 && (size_t)n < size)
		n += snprintf(ret + n, size - (size_t)n, "base %s\nbase-id %s\nby-soft-dirty %d\n", i->base, i->base_id,
			      i->by_soft_dirty);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* ---- back ------------------------------------------------------------------------------------------------------- */

static bool take_shift(const char *value, unsigned *ret)
{
	uint64_t size;
	if (!pt_text_parse_u64(value, &size) || size < 4096 || size > PT_DUMP_PAGE_MOST || size & (size - 1))
		return false;
	*ret = (unsigned)__builtin_ctzll(size);
	return true;
}

static bool take_stop(const char *value, enum pt_dump_stop *ret)
{
	for (unsigned i = 0; i < PT_STOP_N; i++) {
		if (strcmp(value, stops[i]) != 0)
			continue;
		*ret = (enum pt_dump_stop)i;
		return true;
	}
	return false;
}

static bool take_pid(const char *value, pid_t *ret)
{
	uint64_t pid;
	if (!pt_text_parse_u64(value, &pid) || pid > INT32_MAX)
		return false;
	*ret = (pid_t)pid;
	return true;
}

static bool take_text(const char *value, char *ret, size_t size)
{
	if (strlen(value) >= size)
		return false;
	memcpy(ret, value, strlen(value) + 1);
	return true;
}

static bool take_bool(const char *value, bool *ret)
{
	*ret = value[0] == '1';
	return (value[0] == '0' || value[0] == '1') && !value[1];
}

static bool take(const char *key, const char *value, struct pt_dump_info *i)
{
	const struct {
		const char *key;
		uint64_t *number;
	} numbers[] = {{"start-time", &i->start_time},
		       {"realtime-ns", &i->realtime_ns},
		       {"took-ns", &i->took_ns},
		       {"stopped-ns", &i->stopped_ns}};
	for (size_t n = 0; n < sizeof(numbers) / sizeof(*numbers); n++)
		if (strcmp(key, numbers[n].key) == 0)
			return pt_text_parse_u64(value, numbers[n].number);
	if (strcmp(key, "id") == 0)
		return take_text(value, i->id, sizeof(i->id));
	if (strcmp(key, "boot") == 0)
		return take_text(value, i->boot, sizeof(i->boot));
	if (strcmp(key, "pid") == 0)
		return take_pid(value, &i->pid);
	if (strcmp(key, "stop") == 0)
		return take_stop(value, &i->stop);
	if (strcmp(key, "page-size") == 0)
		return take_shift(value, &i->page_shift);
	if (strcmp(key, "base") == 0)
		return take_text(value, i->base, sizeof(i->base));
	if (strcmp(key, "base-id") == 0)
		return take_text(value, i->base_id, sizeof(i->base_id));
	if (strcmp(key, "by-soft-dirty") == 0)
		return take_bool(value, &i->by_soft_dirty);
	if (strcmp(key, "cleared-soft-dirty") == 0)
		return take_bool(value, &i->cleared_soft_dirty);
	return true;
}

static bool is_our_version(const char *key, const char *value)
{
	uint64_t version;
	return strcmp(key, "version") == 0 && pt_text_parse_u64(value, &version) && version == PT_DUMP_VERSION;
}

bool pt_info_parse(const char *text, size_t size, struct pt_dump_info *ret)
{
	struct pt_dump_info info = {0};
	const char *end = text + size, *newline;
	bool first = true;

	for (; text < end && (newline = memchr(text, '\n', (size_t)(end - text))); text = newline + 1) {
		char line[PT_DUMP_NAME + 32];
		size_t n = (size_t)(newline - text);
		if (n >= sizeof(line) || memchr(text, '\0', n))
			return false;
		memcpy(line, text, n);
		line[n] = '\0';
		char *blank = strchr(line, ' ');
		if (!blank)
			return false;
		*blank = '\0';
		if (first ? !is_our_version(line, blank + 1) : !take(line, blank + 1, &info))
			return false;
		first = false;
	}
	if (first || !info.id[0] || !info.page_shift)
		return false;
	*ret = info;
	return true;
}
