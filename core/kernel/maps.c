/*
 * /proc/PID/maps. A line is
 *
 *   7f00dead0000-7f00dead2000 rw-p 00002000 fe:00 247498                     /usr/bin/head
 *
 * with one space after the inode where there is no name. In a name the kernel escapes newlines alone (\012), so a line
 * is a line; everything else in it is whatever the target chose. All names lie in one block, raw; VMAs in a row that
 * have the same name share its bytes.
 */
#include "core/kernel/maps.h"

#include <errno.h>
#include <stdlib.h>

#include "core/kernel/process.h"
#include "core/kernel/readers.h"

#define SMALLEST_PAGE 4096u /* of any machine Linux runs on */
#define MAPS_TRIES    3     /* a maps text that changed while it was read */

static bool take_perms(struct pt_cursor *c, uint8_t *ret)
{
	static const char letters[] = "rwx";
	uint8_t perms = 0;

	if (c->end - c->at < 4)
		return false;
	for (int i = 0; i < 3; i++)
		if (c->at[i] == letters[i])
			perms |= (uint8_t)(1u << i);
		else if (c->at[i] != '-')
			return false;
	if (c->at[3] == 's')
		perms |= PT_SHARED;
	else if (c->at[3] != 'p')
		return false;
	c->at += 4;
	*ret = perms;
	return true;
}

bool pt_take_vma(struct pt_cursor *line, struct pt_vma *ret)
{
	*ret = (struct pt_vma){0};
	bool fine = pt_take_hex(line, &ret->start) && pt_skip(line, '-') && pt_take_hex(line, &ret->end) &&
		    pt_skip(line, ' ') && take_perms(line, &ret->perms) && pt_skip(line, ' ') &&
		    pt_take_hex(line, &ret->offset) && pt_skip(line, ' ') && pt_take_hex32(line, &ret->dev_major) &&
		    pt_skip(line, ':') && pt_take_hex32(line, &ret->dev_minor) && pt_skip(line, ' ') &&
		    pt_take_decimal(line, &ret->inode);
	if (!fine || (line->at < line->end && *line->at != ' '))
		return false;
	pt_skip_blanks(line);
	return ret->start < ret->end && (ret->start | ret->end) % SMALLEST_PAGE == 0;
}

/* Puts the rest of the line into the block of names, of which *used bytes are taken; the first is a NUL. */
static const char *keep_name(struct pt_vma_table *table, size_t *used, struct pt_cursor name)
{
	size_t n = (size_t)(name.end - name.at);
	if (n == 0)
		return table->names;
	if (table->n) {
		const char *last = table->v[table->n - 1].path;
		if (!strncmp(last, name.at, n) && last[n] == '\0')
			return last;
	}
	char *kept = table->names + *used;
	memcpy(kept, name.at, n);
	kept[n] = '\0';
	*used += n + 1;
	return kept;
}

/*
 * The kernel hands out some 50 lines at a time and lets go of the process in between. A VMA that grew downwards over the
 * last one handed out, as mprotect() makes them when it merges two, then comes whole, and begins below where that one
 * ended. What is above is what is new.
 */
static bool cut_overlap(struct pt_vma *vma, uint64_t above)
{
	if (vma->start >= above)
		return true;
	if (vma->end <= above)
		return false;
	if (vma->path[0])
		vma->offset += above - vma->start;
	vma->start = above;
	return true;
}

static int parse_lines(struct pt_cursor text, struct pt_vma_table *table)
{
	struct pt_cursor line;
	uint64_t above = 0;
	size_t used = 1;

	table->names[0] = '\0';
	while (pt_cut_line(&text, &line)) {
		struct pt_vma *vma = &table->v[table->n];
		if (!pt_take_vma(&line, vma) || memchr(line.at, '\0', (size_t)(line.end - line.at)))
			return -EBADMSG;
		vma->path = keep_name(table, &used, line);
		if (!cut_overlap(vma, above))
			return -EBADMSG;
		above = vma->end;
		table->n++;
	}
	return text.at == text.end ? 0 : -EBADMSG;
}

static size_t count_lines(struct pt_cursor text)
{
	struct pt_cursor line;
	size_t n = 0;

	while (pt_cut_line(&text, &line))
		n++;
	return n;
}

int pt_parse_maps(const char *text, size_t size, struct pt_vma_table **ret)
{
	struct pt_cursor all = {text, text + size};
	/* Names are shorter than the text they come from. What stays unused of a large block is never touched. */
	struct pt_vma_table *table = pt_vma_table_new(count_lines(all), size + 1);
	if (!table)
		return -ENOMEM;
	int error = parse_lines(all, table);
	if (error) {
		pt_vma_table_unref(table);
		return error;
	}
	pt_vma_table_set_roles(table);
	*ret = table;
	return 0;
}

int pt_read_maps(struct pt_kernel *k, pid_t pid, struct pt_vma_table **ret)
{
	int error = -EBADMSG;

	for (int i = 0; i < MAPS_TRIES && error == -EBADMSG; i++) {
		char *text;
		size_t size;
		error = pt_read_pid_file(k, pid, "maps", &text, &size);
		if (error)
			break;
		error = pt_parse_maps(text, size, ret);
		free(text);
	}
	return error;
}
