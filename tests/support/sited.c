/*
 * See sited.h.
 */
#include "tests/support/sited.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS 6

bool sited_start(struct sited *s, const char *program, const char *const *arguments)
{
	char fd_text[16];
	int fd = memfd_create("truth", 0);
	if (fd < 0 || ftruncate(fd, sizeof(*s->truth)) < 0)
		return false;
	s->truth = mmap(NULL, sizeof(*s->truth), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s->truth == MAP_FAILED)
		return false;
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	s->pid = fork();
	if (s->pid == 0) {
		const char *argv[ARGUMENTS + 3] = {program, fd_text};
		memcpy(&argv[2], arguments, ARGUMENTS * sizeof(*argv));
		execv(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(fd);
	while (s->pid > 0 && !s->truth->operations && waitpid(s->pid, NULL, WNOHANG) == 0)
		sched_yield();
	return s->truth->operations > 0;
}

void sited_end(struct sited *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	munmap(s->truth, sizeof(*s->truth));
}

static int site_of(const struct truth *truth, uint64_t address)
{
	for (uint64_t i = 0; i < truth->n; i++)
		if (truth->leaked[i].address == address * TRUTH_FACTOR)
			return truth->leaked[i].site;
	return -1;
}

static int said(const struct pt_leak_site *site)
{
	int number;
	for (size_t i = 0; i < site->n_calls; i++)
		if (site->calls[i].symbol && sscanf(site->calls[i].symbol, "site_%2d", &number) == 1)
			return number;
	return -2;
}

struct sited_result sited_judge(const struct sited *s, const struct pt_hunt_view *view)
{
	struct sited_result r = {0};
	bool leaks[TRUTH_SITES] = {false}, named[TRUTH_SITES] = {false};
	for (uint64_t i = 0; i < s->truth->n; i++)
		leaks[s->truth->leaked[i].site] = true;
	for (size_t i = 0; i < view->n_objects; i++) {
		if (!view->objects[i].site)
			continue;
		const int site = said(&view->sites[view->objects[i].site - 1]);
		if (site >= 0 && site == site_of(s->truth, view->objects[i].address)) {
			named[site] = true;
			r.right++;
		} else {
			r.wrong++;
		}
	}
	for (unsigned i = 0; i < TRUTH_SITES; i++) {
		r.leaking += leaks[i];
		r.named += named[i];
	}
	for (size_t i = 0; i < view->n_sites; i++) {
		const int site = said(&view->sites[i]);
		r.accused += site < 0 || !leaks[site];
	}
	return r;
}
