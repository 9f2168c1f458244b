/*
 * Metrics as a file; see metrics_file.h. Whoever reads it finds the text before or the text after, never a part: it is
 * written beside it under a name that does not end in .prom, which the collector passes over, and then renamed.
 */
#include "tui/commands/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/commands/commands.h"
#include "tui/commands/replace_file.h"

#define FIRST_WORDS "# HELP pagetop_"

/* ---- may it be there -------------------------------------------------------------------------------------------- */

static bool is_ours(const char *path)
{
	char words[sizeof(FIRST_WORDS) - 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool same = fd >= 0 && read(fd, words, sizeof(words)) == (ssize_t)sizeof(words) &&
		    memcmp(words, FIRST_WORDS, sizeof(words)) == 0;
	if (fd >= 0)
		close(fd);
	return same;
}

int ui_metrics_begin(struct ui_metrics_file *file, const char *path, bool force, bool anonymous)
{
	struct stat st;
	*file = (struct ui_metrics_file){.path = path, .process.anonymous = anonymous};
	if (!path || lstat(path, &st) < 0)
		return UI_OK;
	if (!S_ISREG(st.st_mode)) {
		ui_complain("--metrics %s: that is no plain file", path);
		return UI_USAGE;
	}
	if (is_ours(path)) {
		unlink(path); /* of another time */
	} else if (!force) {
		ui_complain("--metrics %s: that is another kind of file; --force replaces it", path);
		return UI_USAGE;
	}
	return UI_OK;
}

/* ---- written ---------------------------------------------------------------------------------------------------- */

void ui_metrics_frame(struct ui_metrics_file *file, struct pt_snapshot *snapshot)
{
	size_t size = 0;
	if (!file->path)
		return;
	char *text = pt_metrics_add(&file->process, snapshot) == 0 ? pt_metrics_text(&file->process, 1, &size) : NULL;
	int error = text ? ui_replace_file(file->path, text, size, true) : ENOMEM;
	free(text);
	if (error && !file->failed)
		ui_complain("cannot write %s: %s", file->path, strerror(error));
	if (error)
		ui_metrics_remove(file);
	file->failed = error != 0;
	file->there = !error;
}

void ui_metrics_remove(struct ui_metrics_file *file)
{
	if (file->path && file->there)
		unlink(file->path);
	file->there = false;
}

int ui_metrics_end(struct ui_metrics_file *file)
{
	pt_metrics_end(&file->process);
	return file->failed ? UI_FINDING : UI_OK;
}
