/*
 * A mapped file with code; see module.h. Owns what was read of it and of its debug file.
 *
 * The file is looked for where maps says it is: below the process's root (its mount namespace), below ours, and where
 * neither is the same file any more, behind the mapping itself (map_files, which needs more privileges). The vDSO is the
 * same in all processes: ours is read, so that the target's stays untouched.
 */
#include "core/unwind/module.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define VDSO         "[vdso]"
#define VDSO_MAX     ((size_t)1 << 20)
#define OPEN_MAX_FDS 64u /* kept for source lines */
#define SEGMENTS_MAX 256u
#define BUILD_ID_MAX 64

struct pt_module *pt_module_new(const struct pt_vma *vma)
{
	struct pt_module *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	*m = (struct pt_module){
		.inode = vma->inode, .dev_major = vma->dev_major, .dev_minor = vma->dev_minor, .fd = -1};
	m->path = strdup(vma->path);
	if (m->path)
		return m;
	free(m);
	return NULL;
}

static void close_file(struct pt_module *m, struct pt_module_env *env)
{
	if (m->fd < 0)
		return;
	env->k->ops->close(env->k, m->fd);
	m->fd = -1;
	env->n_open--;
}

void pt_module_free(struct pt_module *m, struct pt_module_env *env)
{
	if (!m)
		return;
	close_file(m, env);
	pt_lines_free(m->lines);
	pt_symbols_free(m->symbols[PT_SYMBOLS_CODE]);
	pt_symbols_free(m->symbols[PT_SYMBOLS_DATA]);
	pt_cfi_free(m->cfi);
	pt_image_drop(&m->debug);
	pt_image_drop(&m->image);
	free(m->segments);
	free(m->build_id);
	free(m->path);
	free(m);
}

bool pt_module_is_of(const struct pt_module *m, const struct pt_vma *vma)
{
	return m->inode == vma->inode && m->dev_major == vma->dev_major && m->dev_minor == vma->dev_minor &&
	       !strcmp(m->path, vma->path);
}

/* ---- its file --------------------------------------------------------------------------------------------------- */

/*
 * A device of major number 0 is one of btrfs, overlayfs and the like, where maps and stat(2) do not agree: the inode
 * alone decides there.
 */
static bool is_file(const struct pt_module *m, struct pt_kernel *k, const char *path)
{
	struct pt_file_stat st;
	if (k->ops->stat(k, path, &st) || !S_ISREG(st.mode) || st.inode != m->inode)
		return false;
	return !st.dev_major || !m->dev_major || (st.dev_major == m->dev_major && st.dev_minor == m->dev_minor);
}

/* Looked at after it was opened: what has been put there before that is seen then. */
static int open_if_same(const struct pt_module *m, struct pt_kernel *k, const char *path)
{
	if (!is_file(m, k, path)) /* before as well: opening a device or a pipe may do things */
		return -ENOENT;
	int fd = k->ops->open(k, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && !is_file(m, k, path)) {
		k->ops->close(k, fd);
		return -ESTALE;
	}
	return fd;
}

static int open_file(const struct pt_module *m, const struct pt_module_env *env, uint64_t start, uint64_t end)
{
	const size_t size = strlen(m->path) + 64;
	char *path = malloc(size);
	if (!path)
		return -ENOMEM;
	snprintf(path, size, "proc/%d/root%s", (int)env->pid, m->path);
	int fd = open_if_same(m, env->k, path);
	if (fd < 0)
		fd = open_if_same(m, env->k, m->path);
	if (fd < 0) {
		snprintf(path, size, "proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)env->pid, start, end);
		fd = open_if_same(m, env->k, path);
	}
	free(path);
	return fd;
}

static int read_vdso(struct pt_module *m, const struct pt_module_env *env, size_t size)
{
	const uint64_t ours = getauxval(AT_SYSINFO_EHDR);
	if (!ours || !env->k->real || size > VDSO_MAX)
		return -ENOENT;
	char *bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	if (env->k->ops->read_memory(env->k, getpid(), ours, bytes, size) != (ssize_t)size) {
		free(bytes);
		return -ENOENT;
	}
	return pt_image_of_bytes(&m->image, bytes, size);
}

static int read_file(struct pt_module *m, struct pt_module_env *env, uint64_t start, uint64_t end)
{
	int fd = open_file(m, env, start, end);
	if (fd < 0)
		return fd;
	int error = pt_image_read(&m->image, env->k, fd, PT_IMAGE_CALLS | PT_IMAGE_SYMBOLS);
	if (error == -EFBIG)
		error = pt_image_read(&m->image, env->k, fd, PT_IMAGE_CALLS);
	if (!error && env->n_open < OPEN_MAX_FDS && pt_image_has(&m->image, ".debug_line")) {
		m->fd = fd;
		env->n_open++;
	} else {
		env->k->ops->close(env->k, fd);
	}
	return error;
}

/* In hexadecimal digits, as debuggers look for it. */
static void read_build_id(struct pt_module *m)
{
	const void *id;
	const ssize_t n = dwelf_elf_gnu_build_id(m->image.elf, &id);
	m->build_id = n >= 2 && n <= BUILD_ID_MAX ? malloc(2 * (size_t)n + 1) : NULL;
	for (ssize_t i = 0; m->build_id && i < n; i++)
		snprintf(m->build_id + 2 * i, 3, "%02x", ((const unsigned char *)id)[i]);
}

static int read_segments(struct pt_module *m)
{
	size_t n;
	GElf_Phdr header;
	if (elf_getphdrnum(m->image.elf, &n) || n > SEGMENTS_MAX)
		return -ENOEXEC;
	m->segments = calloc(n + 1, sizeof(*m->segments));
	if (!m->segments)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(m->image.elf, (int)i, &header) && header.p_type == PT_LOAD)
			m->segments[m->n_segments++] = (struct pt_segment){.offset = header.p_offset,
									   .size = header.p_filesz,
									   .address = header.p_vaddr,
									   .memory = header.p_memsz,
									   .code = header.p_flags & PF_X,
									   .writable = header.p_flags & PF_W};
	return 0;
}

bool pt_module_read(struct pt_module *m, struct pt_module_env *env, uint64_t start, uint64_t end)
{
	if (m->state != PT_MODULE_UNREAD)
		return m->state == PT_MODULE_READ;
	m->state = PT_MODULE_UNKNOWN;
	if (strcmp(m->path, VDSO) ? read_file(m, env, start, end) : read_vdso(m, env, (size_t)(end - start)))
		return false;
	if (read_segments(m))
		return false;
	read_build_id(m);
	m->cfi = pt_cfi_new(&m->image);
	if (m->cfi)
		m->state = PT_MODULE_READ;
	return m->cfi != NULL;
}

/* ---- what it says ----------------------------------------------------------------------------------------------- */

bool pt_module_address(const struct pt_module *m, uint64_t offset, uint64_t *ret)
{
	for (size_t i = 0; i < m->n_segments; i++)
		if (m->segments[i].code && offset - m->segments[i].offset < m->segments[i].size) {
			*ret = offset - m->segments[i].offset + m->segments[i].address;
			return true;
		}
	return false;
}

const struct pt_row *pt_module_row(struct pt_module *m, uint64_t address)
{
	return pt_cfi_row(m->cfi, address);
}

/* A descriptor of the separate debug file, or -errno. */
static int open_debug(const struct pt_module *m, struct pt_kernel *k)
{
	char path[64 + 2 * BUILD_ID_MAX];
	if (!m->build_id)
		return -ENOENT;
	snprintf(path, sizeof(path), "usr/lib/debug/.build-id/%.2s/%s.debug", m->build_id, m->build_id + 2);
	return k->ops->open(k, path, O_RDONLY);
}

static void read_debug(const struct pt_module *m, struct pt_kernel *k, struct pt_image *ret, unsigned parts)
{
	int fd = open_debug(m, k);
	if (fd < 0)
		return;
	pt_image_read(ret, k, fd, parts);
	k->ops->close(k, fd);
}

static struct pt_symbols *read_symbols(struct pt_module *m, struct pt_module_env *env, enum pt_symbols_of of)
{
	if (m->symbols_tried[of])
		return m->symbols[of];
	m->symbols_tried[of] = true;
	m->symbols[of] = pt_symbols_new(of);
	if (!m->debug_tried)
		read_debug(m, env->k, &m->debug, PT_IMAGE_SYMBOLS);
	m->debug_tried = true;
	if (m->symbols[of]) {
		pt_symbols_add(m->symbols[of], &m->image);
		pt_symbols_add(m->symbols[of], &m->debug);
	}
	return m->symbols[of];
}

const char *pt_module_symbol(struct pt_module *m, struct pt_module_env *env, enum pt_symbols_of of, uint64_t address,
			     uint64_t *ret_offset)
{
	struct pt_symbols *symbols = read_symbols(m, env, of);
	const char *name = symbols ? pt_symbols_find(symbols, address, env->demangler, ret_offset) : NULL;
	return name || of == PT_SYMBOLS_CODE ? name : pt_image_section(&m->image, address, ret_offset);
}

/* ---- its data --------------------------------------------------------------------------------------------------- */

bool pt_module_base(const struct pt_module *m, uint64_t start, uint64_t end, uint64_t offset, uint64_t *ret)
{
	for (size_t i = 0; i < m->n_segments;
	     i++) { /* mappings are of whole pages, so they begin below their segment */
		const struct pt_segment *s = &m->segments[i];
		if (s->code && s->offset < offset + (end - start) && offset < s->offset + s->size) {
			*ret = start - offset + s->offset - s->address;
			return true;
		}
	}
	return false;
}

bool pt_module_has(const struct pt_module *m, uint64_t address)
{
	for (size_t i = 0; i < m->n_segments; i++)
		if (address - m->segments[i].address < m->segments[i].memory)
			return true;
	return false;
}

ssize_t pt_module_constant(const struct pt_module *m, const struct pt_module_env *env, uint64_t start, uint64_t end,
			   uint64_t address, void *ret, size_t size)
{
	for (size_t i = 0; i < m->n_segments; i++) {
		const struct pt_segment *s = &m->segments[i];
		const uint64_t at = address - s->address;
		if (s->writable || at >= s->size)
			continue;
		int fd = open_file(m, env, start, end);
		if (fd < 0)
			return fd;
		ssize_t n = env->k->ops->pread(env->k, fd, ret, size < s->size - at ? size : s->size - at,
					       s->offset + at);
		env->k->ops->close(env->k, fd);
		return n;
	}
	return -ENOENT;
}

bool pt_module_line(struct pt_module *m, struct pt_module_env *env, uint64_t address, const char **ret_file,
		    int *ret_line)
{
	if (!m->lines_tried) {
		struct pt_image image = {0};
		m->lines_tried = true;
		if (m->fd >= 0)
			pt_image_read(&image, env->k, m->fd, PT_IMAGE_LINES);
		else
			read_debug(m, env->k, &image, PT_IMAGE_LINES);
		close_file(m, env);
		m->lines = pt_lines_new(&image);
	}
	return m->lines && pt_lines_find(m->lines, address, ret_file, ret_line);
}
