/*
 * The table of commands, their help, and running one. Help fits a screen of 80x24; the man page says the rest.
 */
#include "tui/commands/commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text/text.h"

static const char vmas_help[] = "One row per VMA, in the order of /proc/PID/maps, [vsyscall] included. Sums are\n"
				"made of single pages; RSS, PSS, SWAP, THP, SHARED, PRIVATE, KSM, LAZYFREE and\n"
				"LOCKED are what smaps means by them. ? is what could not be read.\n"
				"\n"
				"  -p, --pid PID          the process\n"
				"  -f, --filter REGEX     only VMAs whose name or role matches\n"
				"  -o, --output COLUMNS   these columns; +COLUMNS: these as well\n"
				"  -b, --bytes            sizes in bytes\n"
				"  -n, --noheadings       no first line\n"
				"  -r, --raw              one blank between columns, for scripts\n"
				"  -J, --json             JSON: all columns but PAGES_PRESENT, in bytes\n"
				"\n"
				"Columns: START END PERMS OFFSET INODE PATH ROLE SIZE RSS PSS ANON FILE SHMEM\n"
				"  DIRTY SWAP THP HUGETLB SHARED PRIVATE ZERO KSM LAZYFREE LOCKED REFERENCED\n"
				"  GUARD PAGES_PRESENT; man pagetop says what each means.\n";

static const char page_help[] = "Says in words what the page at each address is and why, then everything the\n"
				"kernel knows of it: mapping, page table entry, frame, map count, flags by name.\n"
				"\n"
				"  ADDR                   hexadecimal, with or without 0x, as in\n"
				"                         /proc/PID/maps: digits alone are hexadecimal too,\n"
				"                         never decimal. Any byte of the page will do\n"
				"  -p, --pid PID          the process\n"
				"  -J, --json             JSON, one object per address\n"
				"\n"
				"An address where nothing is mapped is an answer too: exit status 0.\n";

static const char doctor_help[] = "Lists every signal that pagetop can use, found by trying: present, approximate\n"
				  "or absent, why, and what would grant it. With -p for that process.\n"
				  "\n"
				  "  -p, --pid PID          a process\n"
				  "  -o, --output COLUMNS   a table of SIGNAL STATE REASON REMEDY WHAT;\n"
				  "                         +COLUMNS: the first four and these\n"
				  "  -n, --noheadings       no first line\n"
				  "  -r, --raw              a table with one blank between columns, for scripts\n"
				  "  -J, --json             JSON\n";

static const char verify_help[] = "Sets the sums that pagetop makes of pages beside those of /proc/PID/smaps, VMA\n"
				  "by VMA, and the process beside smaps_rollup. Each scan is read between two\n"
				  "readings of smaps; what differs is scanned again, up to three times, so that a\n"
				  "process at work settles. Lists what differs, and why where that is known. Dirty\n"
				  "and referenced are approximate: shown, never judged.\n"
				  "\n"
				  "  -p, --pid PID          the process\n"
				  "  -f, --filter REGEX     list only VMAs whose name or role matches\n"
				  "  -o, --output COLUMNS   of START END PERMS ROLE PATH SUM PAGETOP SMAPS\n"
				  "                         DIFFERENCE STATE WHY; +COLUMNS: these as well\n"
				  "  -b, --bytes            sizes in bytes\n"
				  "  -n, --noheadings       no first line\n"
				  "  -r, --raw              only what differs, one blank between columns\n"
				  "  -J, --json             JSON: every VMA, equal or not\n"
				  "\n"
				  "Exit status: 0 nothing differs unexplained, 1 something does.\n";

static const char dump_help[] = "Writes the contents of a process as an ELF core that gdb opens: present pages,\n"
				"and nothing that reading would put into the process. Only you can read it.\n"
				"\n"
				"  -p, --pid PID          the process\n"
				"  -o, --output FILE      where to; --force: also if there is such a file\n"
				"      --stop[=all]       stop it meanwhile: all is of one moment\n"
				"      --stop=registers   stop it for its registers alone; else there are none\n"
				"      --since BASE       only pages that are not as in that dump\n"
				"      --clear-soft-dirty    clear these bits, for a quicker --since later\n"
				"      --all              also what MADV_DONTDUMP covers\n"
				"      --swapped          also what is swapped out, which brings it back in\n"
				"  -J, --json             JSON\n"
				"\n"
				"pagetop dump --merge BASE INCREMENT -o FILE makes a whole one of two.\n"
				"gdb PROGRAM FILE opens it. Exit status 1: the file cannot be written.\n";

static const char diff_help[] = "What grew between two moments of a recording, or between the ends of two, by\n"
				"role and by VMA. In one run BORN is what is there now and was not then; in two\n"
				"runs VMAs go by role, file and offset, wherever they lie. Of recordings with\n"
				"faults it says by which stacks memory came.\n"
				"\n"
				"      --from TIME|MARK   of the first recording; else its start, or the end of\n"
				"                         it where there are two\n"
				"      --to TIME|MARK     of the last one; else its end\n"
				"  -p, --pid PID          of which process, where a recording has several\n"
				"  -f, --filter REGEX     VMAs whose name or role matches\n"
				"  -o, --output COLS      columns, +COLS adds to the default\n"
				"  -b, -n, -r, -J         bytes, VMAs alone, for scripts, JSON\n"
				"\n"
				"diff --content FIRST SECOND lists the pages in which two dumps differ instead,\n"
				"in how many bytes, the first of them at which offset; then a row for each VMA\n"
				"where something differs. Its exit status is 1 if something does.\n";

static const char record_help[] =
	"Writes every frame of a process to a recording: an SQLite file that pagetop -i\n"
	"and pagetop replay show, and that the sqlite3 shell reads too. Contents of pages\n"
	"and the environment are never in it; its command line and names of files are.\n"
	"Ends with the process, by Ctrl-C, or when the time has passed; what was written\n"
	"until then can be read however it ends. Or keeps metrics, or does both.\n"
	"\n"
	"  -p, --pid PID          the process\n"
	"  -o, --output FILE      the recording; --force: also if there is such a file\n"
	"  -d, --interval SECS    between frames\n"
	"      --for SECONDS      how long\n"
	"      --budget PCT       of one core, writing included\n"
	"      --sync FRAMES      wait for the disk every so many frames, for the case\n"
	"                         that the machine fails; else as the system does\n"
	"      --anonymize        numbers instead of names, and no command line\n"
	"      --faults           page faults too, by VMA, kind and stack: pagetop diff then\n"
	"                         says who grew it; --period, --stacks: see faults\n"
	"      --marks PATH       take marks there: PAGETOP_MARK=PATH pagetop mark LABEL\n"
	"      --metrics FILE     what it holds, for node_exporter's textfile collector\n"
	"      --clear-soft-dirty    so that it tells which pages are written\n"
	"\n"
	"Exit status 1: the file cannot be written.\n";

static const char run_help[] = "Starts a command and watches it and all that come from it, from the start to the\n"
			       "end; then says on stderr what each process held, the classes over time, and what\n"
			       "the peak was made of. Streams, signals and terminal are the command's own.\n"
			       "\n"
			       "      --report FILE      the report into a file\n"
			       "      --wait-all         until all that come from it have ended, not it alone\n"
			       "      --live             the live screen meanwhile; --keep FILE: what it prints\n"
			       "  -o, --output FILE      a recording; --force, --sync, --anonymize: see record\n"
			       "  -d, --interval SECS    between samples, 0.1 unless given\n"
			       "      --budget PCT       of one core, 2 unless given\n"
			       "      --ascii            no block characters\n"
			       "  -J, --json             the report as JSON\n"
			       "      --assert EXPR      what is to hold of its memory, as 'peak(rss) < 200M';\n"
			       "                         --assertions FILE: many; --junit FILE: results as XML\n"
			       "      --baseline FILE    no worse than runs kept in it; --baseline-update: keep\n"
			       "\n"
			       "Exit status: the command's own; 128+N if signal N ended it; 126 or 127 if it\n"
			       "cannot be started, 125 if pagetop fails; 121: it succeeded, and an assertion\n"
			       "failed; with --strict 122: one stayed undecided.\n";

static const char replay_help[] = "The live screen on a recording: pagetop -i RECORDING is the same. It plays as it\n"
				  "was; ? shows the keys that pause, step and go to marks. A file that is still\n"
				  "being written is followed.\n"
				  "\n"
				  "      --at TIME|MARK     begin there, paused: +SECONDS, HH:MM:SS, a date\n"
				  "                         with a time (ISO 8601), or the label of a mark\n"
				  "  -p, --pid PID          of several processes this one; else choose from a list\n";

static const char check_help[] = "Says whether a recording bears out what is asserted of the memory of its run, as\n"
				 "pagetop run does at the end of one. Each is told as passed, failed (with what\n"
				 "grew, and since when) or undecided (with what is missing).\n"
				 "\n"
				 "      --assert EXPR      what has to be true, as 'peak(rss) < 200M'; repeatable\n"
				 "      --assertions FILE  the same, one a line; lines that begin with # say nothing\n"
				 "      --strict           undecided is as bad as failed\n"
				 "      --junit FILE       writes the verdicts for a CI server\n"
				 "      --baseline FILE    no worse than runs that were kept in FILE\n"
				 "      --baseline-update  keeps this one in it, the last ten\n"
				 "  -b, --bytes            sizes in bytes\n"
				 "  -J, --json             JSON\n"
				 "\n"
				 "  final(rss) - at(\"warm\", rss) < 5M       slope(heap.anon, \"warm\"..end) < 10K/s\n"
				 "  still_present(born(\"a\"..\"b\"), end) < 100 pages      swap == 0\n"
				 "  plateau(anon of \"redis-server\")         thp_share(heap) > 50%\n"
				 "\n"
				 "man pagetop has the language. Exit status 1: something failed.\n";

static const char faults_help[] = "Follows the page faults of a process until Ctrl-C, its end or --for; then says\n"
				  "how many of which kind there were, where, who had them, which pages fault again\n"
				  "and again and why, and which stacks RSS grew by. With a command: from its start\n"
				  "to its end; the report goes to stderr, the exit status is as that of run.\n"
				  "\n"
				  "  -p, --pid PID          the process; --for SECONDS: how long\n"
				  "  -i, --input RECORDING  what was recorded of them; --from, --to TIME|MARK\n"
				  "      --by WHAT          one table, whole: kind vma address thread cpu stack\n"
				  "                         growth repeater allocation; with -o COLUMNS, -n, -r\n"
				  "      --folded[=WHAT]    stacks for flame graphs, with numbers of faults; bytes\n"
				  "                         that came and are there; born: all bytes that came\n"
				  "  -f, --filter REGEX     names, roles, calls\n"
				  "      --stacks=no        no stacks, which are most of the cost\n"
				  "      --period N         every Nth is told; else as the budget allows\n"
				  "      --budget PCT       of one core; --report FILE: all that into a file\n"
				  "      --allocations      also what the kernel allocates for it (as root)\n"
				  "  -b, -J                 sizes in bytes, JSON\n"
				  "\n"
				  "Your own processes need no privilege; faults in system calls take CAP_PERFMON.\n";

static const char leaks_help[] = "Which heap objects of a running process nothing points at any more. It goes on\n"
				 "meanwhile and is not changed; each thread is stopped for its registers alone,\n"
				 "well under a millisecond. Exact to the object with malloc of glibc; where the\n"
				 "allocator is another one, it says so, and shows what grows (--for SECONDS).\n"
				 "\n"
				 "  -p, --pid PID        the process\n"
				 "      --why ADDR       one object: what keeps it alive, who points at it\n"
				 "      --sites[=SECS]   which calls allocate what leaks, by watching for 10 s\n"
				 "      --snapshots      what came between two snapshots and is there at a third,\n"
				 "                       each at Enter, --every SECONDS, or a mark (--marks PATH)\n"
				 "      --by WHAT        one table, whole: leaks groups objects pages sites heap;\n"
				 "                       with -o COLUMNS, -n, -r\n"
				 "      --tier TIER      leaked, weak or hidden alone; -f REGEX: kinds, calls\n"
				 "      --passes N       at most so many, else until nothing changes\n"
				 "      --stop           stops the process meanwhile: one pass will do\n"
				 "      --swapped        reads what is swapped out, which brings it back in\n"
				 "      --check          exit status 1 if anything is leaked\n"
				 "  -i, --input FILE     a recording: pages alone, --from, --to and there --at\n"
				 "  -b, -J, --objects    sizes in bytes, JSON, every object in it\n"
				 "\n"
				 "Your own processes need no privilege. Exit status 4: a debugger has it.\n";

static const char mark_help[] = "Gives the present moment a name, for assertions, replay and diff: inside of\n"
				"pagetop run, in which PAGETOP_MARK is set, or in a recording that is made with\n"
				"pagetop record --marks PATH, if PAGETOP_MARK=PATH. Returns when pagetop run has\n"
				"looked at all processes. Of the label 63 bytes are kept. Other ways:\n"
				"\n"
				"  echo LABEL >&$PAGETOP_MARK_FD    in a script of a run; waits for no look\n"
				"  pagetop_mark(\"LABEL\")            in C and C++: assets/pagetop-mark.h\n"
				"  a datagram to PAGETOP_MARK       in any language: it is a unix socket\n"
				"\n"
				"Exit status 1: there is no run to mark.\n";

const struct ui_command ui_commands[] = {
	{"vmas", NULL, "per-VMA table: sizes, RSS, PSS, swap, huge pages, sharing", vmas_help, true, true, ui_vmas},
	{"page", "ADDR...", "one page, explained in words", page_help, true, true, ui_page},
	{"doctor", NULL, "which signals this kernel and these privileges give", doctor_help, false, false, ui_doctor},
	{"verify", NULL, "pagetop's sums beside smaps', VMA by VMA", verify_help, true, false, ui_verify},
	{"dump", "[FILE...]", "contents of a process, as a core that gdb opens", dump_help, true, false, ui_dump},
	{"diff", "FILE...", "what grew: two moments or runs; what differs in dumps", diff_help, false, false, ui_diff},
	{"run", "COMMAND...", "a command and all that come from it, from start to end", run_help, false, false,
	 ui_run_command},
	{"record", NULL, "every frame of a process into a file", record_help, true, false, ui_record},
	{"replay", "RECORDING", "the screens on a recording, at any moment of it", replay_help, false, true, ui_replay},
	{"check", NULL, "whether a recording bears out what is asserted of it", check_help, false, true, ui_check},
	{"faults", "[COMMAND]", "page faults by kind, place and stack; who grew RSS", faults_help, false, true,
	 ui_faults},
	{"leaks", NULL, "heap objects that nothing points at any more, and why", leaks_help, true, true, ui_leaks},
	{"mark", "LABEL", "give the present moment a name, in a run or recording", mark_help, false, false, ui_mark},
	{0},
};

const char *const ui_commands_later[] = {"pages", "frame", "types", "file", "system", NULL};

/* ---- help ------------------------------------------------------------------------------------------------------ */

static const char usage[] = "Usage: pagetop [-p PID]               the live screen; without -p it asks which\n"
			    "       pagetop COMMAND [OPTION...]    one answer, for people or for scripts\n";
static const char options[] = "  -p, --pid PID        the process            -J, --json         JSON\n"
			      "  -d, --interval SECS  between scans          -o, --output COLS  columns, +COLS\n"
			      "      --budget PCT     of one core            -b, --bytes        sizes in bytes\n"
			      "      --history SIZE   to go back to, 64M     -n, --noheadings   no first line\n"
			      "  -f, --filter REGEX   names to show          -r, --raw          for scripts\n"
			      "      --demo           a target of its own    -V, -h             version, help\n"
			      "Exit: 0 done 1 finding 2 usage 3 no process 4 denied 5 lacking; man pagetop\n";

static void help_all(void)
{
	printf("%s\n", usage);
	for (const struct ui_command *command = ui_commands; command->name; command++)
		printf("  %-7s %-9s  %s\n", command->name, command->operands ? command->operands : "",
		       command->summary);
	printf("\n%s", options);
}

static const char *process_words(const struct ui_command *command)
{
	if (strcmp(command->name, "replay") == 0 || strcmp(command->name, "diff") == 0 ||
	    strcmp(command->name, "mark") == 0)
		return "";
	if (strcmp(command->name, "run") == 0)
		return "[OPTION...] --";
	if (strcmp(command->name, "check") == 0)
		return "-i RECORDING";
	if (strcmp(command->name, "faults") == 0)
		return "-p PID | -i RECORDING | --";
	if (command->takes_recording)
		return "-p PID|-i RECORDING";
	return command->needs_process ? "-p PID" : "[-p PID]";
}

void ui_help(const struct ui_command *command)
{
	if (!command) {
		help_all();
		return;
	}
	const char *process = process_words(command), *operands = command->operands ? command->operands : "";
	printf("Usage: pagetop %s%s%s%s%s%s\n\n%s", command->name, process[0] ? " " : "", process,
	       operands[0] ? " " : "", operands, process[0] == '[' && process[1] == 'O' ? "" : " [OPTION...]",
	       command->help);
}

/* ---- running --------------------------------------------------------------------------------------------------- */

void ui_complain(const char *format, ...)
{
	char raw[1024], text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	pt_text_printable(raw, strlen(raw), text, sizeof(text));
	fflush(stdout); /* what was said before stands before */
	fprintf(stderr, "pagetop: %s\n", text);
}

int ui_out_of_memory(void)
{
	ui_complain("out of memory");
	return UI_LACKING;
}

int ui_command_run(const struct ui_options *o)
{
	struct pt_kernel *k;
	int r = pt_kernel_linux_new(&k, "/", 0);

	if (r < 0) {
		ui_complain("cannot open /proc and /sys: %s", strerror(-r));
		return r == -EACCES || r == -EPERM ? UI_DENIED : UI_LACKING;
	}
	r = o->command->run(o, k);
	pt_kernel_free(k);
	return r;
}
