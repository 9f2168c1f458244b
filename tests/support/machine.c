/*
 * Changes to the machine; see machine.h. What a file held before is written back, in the order last changed first.
 */
#include "tests/support/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#define SWAP_SIZE (64u << 20)
#define KSM       "/sys/kernel/mm/ksm/"
#define HUGEPAGES "/proc/sys/vm/nr_hugepages"
#define TRACING   "/sys/kernel/tracing"
#define ZRAM      "/sys/block/zram0/"

static struct {
	char path[96];
	char before[32];
} changed[8];
static unsigned n_changed;
static char swap_on[64]; /* what we made swap of */
static bool zram;        /* it is /dev/zram0, and was not in use */
static pid_t owner;      /* children must not restore */

static bool read_text(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, ret, size - 1);
	close(fd);
	ret[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

uint64_t machine_number(const char *path)
{
	char text[32] = "";
	return read_text(path, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

uint64_t machine_moved(void)
{
	char line[128];
	uint64_t moved = 0;
	FILE *file = fopen("/proc/vmstat", "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "pgmigrate_success ", 18) == 0 || strncmp(line, "thp_collapse_alloc ", 19) == 0)
			moved += strtoull(strchr(line, ' '), NULL, 10);
	if (file)
		fclose(file);
	return moved;
}

static void restore_at_exit(void)
{
	if (owner == getpid())
		machine_restore();
}

static void begin(void)
{
	if (!owner)
		atexit(restore_at_exit);
	owner = getpid();
}

static bool change(const char *path, const char *value)
{
	char before[32];

	if (!read_text(path, before, sizeof(before)) || n_changed == sizeof(changed) / sizeof(*changed))
		return false;
	begin();
	if (!write_text(path, value))
		return false;
	snprintf(changed[n_changed].path, sizeof(changed->path), "%s", path);
	snprintf(changed[n_changed].before, sizeof(changed->before), "%s", before);
	n_changed++;
	return true;
}

void machine_restore(void)
{
	while (n_changed) {
		n_changed--;
		if (!strcmp(changed[n_changed].path, KSM "run") && changed[n_changed].before[0] == '0')
			write_text(KSM "run", "2"); /* takes apart what was merged */
		write_text(changed[n_changed].path, changed[n_changed].before);
	}
	if (!*swap_on)
		return;
	if (swapoff(swap_on))
		fprintf(stderr, "can't take back the swap on %s: %s\n", swap_on, strerror(errno));
	if (zram)
		write_text(ZRAM "reset", "1");
	else
		unlink(swap_on);
	*swap_on = '\0';
}

/* ---- swap ------------------------------------------------------------------------------------------------------- */

/* The header that mkswap writes: version 1 and the number of the last page, and a magic at the end of the page. */
static bool write_header(int fd, uint64_t size)
{
	static const char magic[10] = {'S', 'W', 'A', 'P', 'S', 'P', 'A', 'C', 'E', '2'};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *header = calloc(1, page);
	if (!header)
		return false;
	const uint32_t version_and_last[2] = {1, (uint32_t)(size / page) - 1};
	memcpy(header + 1024, version_and_last, sizeof(version_and_last));
	memcpy(header + page - sizeof(magic), magic, sizeof(magic));
	bool written = pwrite(fd, header, page, 0) == (ssize_t)page && !fsync(fd);
	free(header);
	return written;
}

static bool swap_on_file(void)
{
	snprintf(swap_on, sizeof(swap_on), "/var/tmp/pagetop-swap-%d", (int)getpid());
	int fd = open(swap_on, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool done = fd >= 0 && !posix_fallocate(fd, 0, SWAP_SIZE) && write_header(fd, SWAP_SIZE) && !swapon(swap_on, 0);
	close(fd);
	if (!done) {
		unlink(swap_on);
		*swap_on = '\0';
	}
	return done;
}

static bool swap_on_zram(void)
{
	char size[32];

	if (access(ZRAM "disksize", W_OK) || machine_number(ZRAM "disksize"))
		return false; /* not there, or somebody's */
	snprintf(size, sizeof(size), "%u", SWAP_SIZE);
	if (!write_text(ZRAM "disksize", size))
		return false;
	int fd = open("/dev/zram0", O_RDWR | O_CLOEXEC);
	bool done = fd >= 0 && write_header(fd, SWAP_SIZE) && !swapon("/dev/zram0", 0);
	close(fd);
	zram = done;
	if (done)
		strcpy(swap_on, "/dev/zram0");
	else
		write_text(ZRAM "reset", "1");
	return done;
}

static bool has_swap(void)
{
	char text[512] = "";
	const char *line = read_text("/proc/swaps", text, sizeof(text)) ? strchr(text, '\n') : NULL;
	return line && line[1];
}

const char *machine_needs_swap(void)
{
	if (has_swap())
		return NULL;
	if (geteuid() != 0)
		return "there is no swap, and making some needs root";
	begin();
	return swap_on_zram() || swap_on_file() ? NULL : "there is no swap, and none can be made of zram or a file";
}

/* ---- KSM and hugetlb -------------------------------------------------------------------------------------------- */

const char *machine_needs_ksm(void)
{
	if (access(KSM "run", F_OK))
		return "this kernel has no KSM";
	if (access(KSM "run", W_OK))
		return "KSM can be turned on by root alone";
	return change(KSM "sleep_millisecs", "0") && change(KSM "pages_to_scan", "10000") && change(KSM "run", "1")
		       ? NULL
		       : "KSM can't be turned on";
}

static uint64_t meminfo(const char *key)
{
	char text[8192] = "";
	const char *line = read_text("/proc/meminfo", text, sizeof(text)) ? strstr(text, key) : NULL;
	return line ? strtoull(line + strlen(key), NULL, 10) : 0;
}

const char *machine_needs_hugetlb(unsigned pages)
{
	char value[32];
	uint64_t before = machine_number(HUGEPAGES);

	if (access(HUGEPAGES, F_OK))
		return "this kernel has no hugetlb pages";
	if (access(HUGEPAGES, W_OK))
		return "hugetlb pages can be had by root alone";
	snprintf(value, sizeof(value), "%llu", (unsigned long long)before + pages);
	if (!change(HUGEPAGES, value) || machine_number(HUGEPAGES) != before + pages)
		return "there is no memory for hugetlb pages";
	/* what others reserved before there was a pool is theirs */
	return meminfo("HugePages_Free:") >= meminfo("HugePages_Rsvd:") + pages ? NULL
										: "others reserved the hugetlb pages";
}

/* ---- tracefs ---------------------------------------------------------------------------------------------------- */

const char *machine_needs_tracing(void)
{
	if (access(TRACING "/events", R_OK) == 0)
		return NULL;
	if (geteuid() != 0)
		return "tracefs is not mounted, and mounting it needs root";
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", TRACING, "tracefs", 0, NULL))
		return "tracefs can't be mounted";
	return NULL;
}
