/*
 * Every stack of the programs of tests/live/calls/, also those of the dynamic linker at work, followed by libdw's own
 * unwinder (libdwfl) as well: call for call the same.
 */
#include <elfutils/libdwfl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/unwind/frame.h"
#include "core/unwind/unwind.h"
#include "tests/support/calls.h"
#include "tests/support/skip.h"

#define STACK_BYTES 16384u

/* ---- libdwfl ---------------------------------------------------------------------------------------------------- */

struct peer {
	Dwfl *dwfl;
	struct pt_frame frame;
	struct pt_dump dump;
	uint64_t ips[PT_STACK_MAX];
	size_t n;
};

static int no_debuginfo(Dwfl_Module *mod, void **userdata, const char *modname, Dwarf_Addr base, const char *file_name,
			const char *debuglink_file, GElf_Word debuglink_crc, char **debuginfo_file_name)
{
	(void)mod, (void)userdata, (void)modname, (void)base, (void)file_name, (void)debuglink_file;
	(void)debuglink_crc, (void)debuginfo_file_name;
	return -1;
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	if (*thread)
		return 0;
	*thread = arg;
	return dwfl_pid(dwfl);
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	(void)dwfl, (void)tid;
	*thread = arg;
	return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *arg)
{
	const struct peer *peer = arg;
	(void)dwfl;
	return pt_dump_read(&peer->dump, address, ret);
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct peer *peer = arg;
	dwfl_thread_state_register_pc(thread, peer->frame.pc);
	return dwfl_thread_state_registers(thread, 0, PT_REGS, peer->frame.regs);
}

static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf, .find_debuginfo = no_debuginfo};
static const Dwfl_Thread_Callbacks thread_callbacks = {.next_thread = next_thread,
						       .get_thread = get_thread,
						       .memory_read = read_memory,
						       .set_initial_registers = set_registers};

static void peer_new(struct peer *peer, pid_t pid)
{
	memset(peer, 0, sizeof(*peer));
	peer->dwfl = dwfl_begin(&callbacks);
	assert_non_null(peer->dwfl);
	assert_int_equal(dwfl_linux_proc_report(peer->dwfl, pid), 0);
	assert_int_equal(dwfl_report_end(peer->dwfl, NULL, NULL), 0);
	assert_true(dwfl_attach_state(peer->dwfl, NULL, pid, &thread_callbacks, peer));
}

static int take_frame(Dwfl_Frame *state, void *arg)
{
	struct peer *peer = arg;
	Dwarf_Addr pc;
	bool activation;
	if (!dwfl_frame_pc(state, &pc, &activation))
		return -1;
	if (pc == 0 || peer->n == PT_STACK_MAX)
		return DWARF_CB_ABORT;
	peer->ips[peer->n++] = activation ? pc : pc - 1;
	return DWARF_CB_OK;
}

/* Whether it reached the end. */
static bool peer_follow(struct peer *peer, const struct pt_fault *fault)
{
	const struct pt_user user = pt_fault_user(fault);
	peer->n = 0;
	assert_true(pt_frame_of_user(&peer->frame, &peer->dump, &user));
	return dwfl_getthread_frames(peer->dwfl, dwfl_pid(peer->dwfl), take_frame, peer) == 0;
}

/* ---- against it ------------------------------------------------------------------------------------------------- */

static void print_both(struct pt_unwinder *u, const uint64_t *ips, size_t n, const struct peer *peer)
{
	for (size_t i = 0; i < n || i < peer->n; i++) {
		struct pt_symbol symbol;
		pt_unwinder_symbol(u, i < n ? ips[i] : peer->ips[i], false, &symbol);
		print_message("%2zu %12llx %12llx %s in %s\n", i, i < n ? (unsigned long long)ips[i] : 0,
			      i < peer->n ? (unsigned long long)peer->ips[i] : 0, symbol.name ? symbol.name : "(none)",
			      symbol.module ? symbol.module : "(none)");
	}
}

static void compare(struct pt_unwinder *u, struct peer *peer, const struct pt_fault *fault)
{
	uint64_t ips[PT_STACK_MAX];
	bool complete;
	const struct pt_user user = pt_fault_user(fault);
	const size_t n = pt_unwinder_calls(u, &user, ips, PT_STACK_MAX, &complete);
	const bool end = peer_follow(peer, fault);
	/* It takes a return address that it can't read for an end. */
	if (n == peer->n && !memcmp(ips, peer->ips, n * sizeof(*ips)) && (end || !complete))
		return;
	print_both(u, ips, n, peer);
	fail_msg("ours %zu and %s, libdwfl's %zu and %s", n, complete ? "complete" : "not", peer->n,
		 end ? "complete" : "not");
}

static const char *beside(const char *name) /* this program; static storage */
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, 4000);
	assert_true(n > 0);
	path[n] = '\0';
	snprintf(strrchr(path, '/') + 1, 64, "%s", name);
	return path;
}

static void play(const char *program, const char *scene)
{
	struct calls c;
	struct pt_unwinder *u;
	struct peer peer;
	const char *why;
	print_message("%s\n", scene);
	if (!calls_start(&c, beside(program), scene, "libz.so.1", STACK_BYTES, &why))
		skip_because(why);
	calls_play(&c);
	assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0);
	peer_new(&peer, c.child.pid);
	assert_true(c.n > 0);
	for (size_t i = 0; i < c.n; i++)
		if (c.faults[i].regs)
			compare(u, &peer, &c.faults[i]);
	dwfl_end(peer.dwfl);
	pt_unwinder_free(u);
	calls_end(&c);
}

static const char *const scenes[] = {"plain", "qsort", "memset", "raise",  "interrupted", "shapes",
				     "last",  "deep",  "large",  "thread", "made"};

static void without_frame_pointers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		play("unwind-calls-omit", scenes[i]);
}

static void with_frame_pointers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		play("unwind-calls-frame", scenes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_frame_pointers),
		cmocka_unit_test(with_frame_pointers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
