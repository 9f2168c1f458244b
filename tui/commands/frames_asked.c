/*
 * Ranges are page-types' (N, N+M, N,M in pages) or START-END: addresses of a process as its maps have them, PFNs of the
 * machine. See frames_asked.h.
 */
#include "tui/commands/frames_asked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"
#include "tui/commands/commands.h"

static int add(const char *value, const char **list)
{
	while (*list) /* there is room for as many as there are words */
		list++;
	*list = value;
	return UI_OK;
}

int ui_take_spec(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	(void)c;
	return add(value, o->specs);
}

int ui_take_range(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	(void)c;
	return add(value, o->ranges);
}

static size_t length(const char **list)
{
	size_t n = 0;
	while (list[n])
		n++;
	return n;
}

/* ---- ranges ----------------------------------------------------------------------------------------------------- */

/* A number up to `end`, as C writes it. */
static bool read_number(const char *text, const char *end, uint64_t *ret)
{
	char *stop;
	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	*ret = strtoull(text, &stop, 0);
	return !errno && stop == end;
}

/* "START-END": whole pages that it touches. */
static bool read_addresses(const char *text, const char *dash, unsigned page_shift, struct pt_stretch *ret)
{
	char start[24];
	size_t n = (size_t)(dash - text);
	uint64_t end;
	if (n >= sizeof(start))
		return false;
	memcpy(start, text, n);
	start[n] = '\0';
	if (!ui_parse_address(start, &ret->start) || !ui_parse_address(dash + 1, &end) || !end)
		return false;
	ret->start >>= page_shift;
	ret->end = ((end - 1) >> page_shift) + 1;
	return true;
}

/* "N", "N+M", "N,M", "N,", ",M": page numbers, up to which or how many. */
static bool read_pages(const char *text, struct pt_stretch *ret)
{
	const char *end = text + strlen(text), *sign = strpbrk(text, ",+");
	bool many = sign && *sign == '+';

	*ret = (struct pt_stretch){0, UINT64_MAX};
	if (sign != text && !read_number(text, sign ? sign : end, &ret->start))
		return false;
	if (!sign)
		ret->end = ret->start + 1;
	else if ((sign[1] || sign == text || many) && !read_number(sign + 1, end, &ret->end))
		return false;
	if (many && __builtin_add_overflow(ret->start, ret->end, &ret->end))
		ret->end = UINT64_MAX;
	return true;
}

static bool read_range(const char *text, const struct ui_options *options, unsigned page_shift, struct pt_stretch *ret)
{
	const char *dash = strchr(text, '-');
	bool process = options->pid || options->input;
	bool good = false;

	if (dash && process)
		good = read_addresses(text, dash, page_shift, ret);
	else if (dash)
		good = read_number(text, dash, &ret->start) && read_number(dash + 1, text + strlen(text), &ret->end);
	else
		good = read_pages(text, ret);
	if (good && ret->start < ret->end)
		return true;
	ui_complain("'%s' is no range: -a takes %s, or page numbers: N, N+COUNT, or N,END", text,
		    process ? "addresses START-END" : "PFNs FIRST-END");
	return false;
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

static int read_spec(const char *text, const struct ui_options *options, pt_bits_word_fn word, struct pt_bits_rule *ret)
{
	char message[256];
	if (pt_bits_parse(text, word, ret, message, sizeof(message)) != 0) {
		ui_complain("'%s': %s", text, message);
		return UI_USAGE;
	}
	uint64_t asked = ret->mask == ~0ull ? ret->bits : ret->mask;
	if (word == pt_bits_word && !options->raw && asked & PT_BITS_RAW) {
		char names[PT_BITS_NAMES];
		ui_complain("'%s': %s is seen with -r alone", text, pt_bits_names(asked & PT_BITS_RAW, names));
		return UI_USAGE;
	}
	return UI_OK;
}

static int read_cgroup(const char *text, struct pt_kernel *k, uint64_t *ret)
{
	char *real = realpath(text, NULL);
	int error = 0;

	if (text[0] == '@' && (!read_number(text + 1, text + strlen(text), ret) || !*ret))
		error = -EINVAL;
	else if (text[0] != '@')
		error = pt_read_cgroup_inode(k, text[0] == '/' || !real ? text : real, ret);
	free(real);
	if (!error)
		return UI_OK;
	ui_complain("'%s' is no memory cgroup (%s): -c takes its name, its directory, or @INODE", text,
		    strerror(-error));
	return UI_USAGE;
}

/* The absolute path of a file, which stays empty where none was named. */
static int read_path(const char *path, char **ret)
{
	*ret = path ? realpath(path, NULL) : NULL;
	if (!path || *ret)
		return UI_OK;
	ui_complain("%s: %s", path, strerror(errno));
	return errno == EACCES ? UI_DENIED : UI_USAGE;
}

int ui_frames_asked(const struct ui_options *options, struct pt_kernel *k, pt_bits_word_fn word,
		    struct ui_frames_asked *ret)
{
	size_t n_rules = length(options->specs), n_ranges = length(options->ranges);
	int r = UI_OK;

	*ret = (struct ui_frames_asked){.rules = calloc(n_rules + 1, sizeof(*ret->rules)),
					.ranges = calloc(n_ranges + 1, sizeof(*ret->ranges))};
	if (!ret->rules || !ret->ranges)
		return ui_out_of_memory();
	ret->request = (struct pt_types_request){.pid = options->pid,
						 .ranges = ret->ranges,
						 .n_ranges = n_ranges,
						 .rules = ret->rules,
						 .n_rules = n_rules,
						 .raw = options->raw};
	for (size_t i = 0; i < n_rules && r == UI_OK; i++)
		r = read_spec(options->specs[i], options, word, &ret->rules[i]);
	for (size_t i = 0; i < n_ranges && r == UI_OK; i++)
		r = read_range(options->ranges[i], options, k->page_shift, &ret->ranges[i]) ? UI_OK : UI_USAGE;
	if (r == UI_OK && options->cgroup)
		r = read_cgroup(options->cgroup, k, &ret->request.cgroup);
	if (r == UI_OK)
		r = read_path(options->kpageflags, &ret->kpageflags);
	if (r == UI_OK)
		r = read_path(options->file, &ret->file);
	ret->request.kpageflags = ret->kpageflags;
	ret->request.file = ret->file;
	return r;
}

void ui_frames_asked_free(struct ui_frames_asked *asked)
{
	free(asked->rules);
	free(asked->ranges);
	free(asked->kpageflags);
	free(asked->file);
}

int ui_frames_error(struct pt_kernel *k, pid_t pid, int error, const char *file)
{
	struct pt_process process;

	if (pid && pt_read_process(k, pid, &process) < 0) /* whatever failed first */
		return ui_target_error(k, pid, -ESRCH);
	if (error == -ENOMEM)
		return ui_out_of_memory();
	if (!file && pid && error == -EPERM) {
		ui_complain("frame numbers are hidden: run pagetop with sudo, or grant it CAP_SYS_ADMIN");
		return UI_DENIED;
	}
	if (!file)
		return ui_target_error(k, pid, error);
	file += *file == '/';
	if (error == -EISDIR || error == -ENODEV || error == -EOPNOTSUPP) {
		ui_complain("/%s is no regular file with a page cache", file);
		return UI_USAGE;
	}
	if (error == -EACCES || error == -EPERM) {
		ui_complain("/%s may not be read: run pagetop with sudo", file);
		return UI_DENIED;
	}
	ui_complain("/%s cannot be read: %s", file, strerror(-error));
	return UI_LACKING;
}
