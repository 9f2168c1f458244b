/*
 * Curses behind ui_term_*. Signals write into an eventfd that ui_term_wait polls, so none is lost between looking and
 * waiting. For signals that end the program the bytes that restore the terminal are made beforehand: a handler may
 * only write() and tcsetattr().
 */
#include "tui/term.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "tui/theme.h"

#define PAIRS_MAX 16384 /* a power of two; half of it are pairs of colours that can be had */
#define MOUSE_MAX 16
#define DRAG_ON   "\033[?1002h"
#define DRAG_OFF  "\033[?1002l"

static struct tty {
	bool open, gone;
	bool drag; /* motion with a pressed button is reported, and must be switched off again */
	SCREEN *screen;
	enum ui_depth depth;
	struct wg_ability can;
	int wake; /* eventfd: a signal came */
	volatile sig_atomic_t resized, stopped, continued;
	struct termios saved;
	char restore[256]; /* what puts the terminal back, for signal handlers */
	size_t restore_size;
	struct {
		short fg, bg;
		int pair;
	} pairs[PAIRS_MAX]; /* hash table; pair 0: free */
	int pairs_used, pairs_room;
	struct ui_event mouse[MOUSE_MAX]; /* not handed out yet; the oldest last */
	int n_mouse;
	struct wg_canvas shown; /* what the terminal shows; w = 0: not known */
} tty = {.wake = -1};

static const int fatal_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

/* ---- signals ---------------------------------------------------------------------------------------------------- */

/* Async-signal-safe. */
static void restore_now(void)
{
	if (!tty.open)
		return;
	tty.open = false;
	ssize_t written = write(STDOUT_FILENO, tty.restore, tty.restore_size);
	(void)written; /* nothing better can be done here */
	tcsetattr(STDIN_FILENO, TCSANOW, &tty.saved);
}

static void on_fatal(int signal_number)
{
	restore_now();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void on_wake(int signal_number)
{
	int saved_errno = errno;
	if (signal_number == SIGWINCH)
		tty.resized = 1;
	else if (signal_number == SIGTSTP)
		tty.stopped = 1;
	else
		tty.continued = 1;
	ssize_t written = write(tty.wake, &(uint64_t){1}, sizeof(uint64_t));
	(void)written; /* a full eventfd wakes as well */
	errno = saved_errno;
}

static void catch (int signal_number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	sigemptyset(&action.sa_mask);
	sigaction(signal_number, &action, NULL);
}

static void catch_signals(void)
{
	static char stack[16384]; /* a handler must run on a stack overflow, too */
	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
	for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++)
		catch (fatal_signals[i], on_fatal, SA_ONSTACK);
	catch (SIGWINCH, on_wake, SA_RESTART);
	catch (SIGTSTP, on_wake, SA_RESTART);
	catch (SIGCONT, on_wake, SA_RESTART);
	signal(SIGPIPE, SIG_IGN);
}

/* Adds a terminfo string without its padding ("$<2>"). */
static void add_restore(const char *capability)
{
	const char *s = tigetstr((char *)(uintptr_t)capability);
	if (!s || s == (char *)-1)
		return;
	while (*s && tty.restore_size < sizeof tty.restore) {
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
		if (end)
			s = end + 1;
		else
			tty.restore[tty.restore_size++] = *s++;
	}
}

static void prepare_restore(void)
{
	static const char mouse_off[] = "\033[?1006l\033[?1002l\033[?1000l";
	tty.restore_size = 0;
	if (tty.drag) {
		memcpy(tty.restore, mouse_off, sizeof mouse_off - 1);
		tty.restore_size = sizeof mouse_off - 1;
	}
	add_restore("sgr0");
	add_restore("op");
	add_restore("rmkx");
	add_restore("rmcup");
	add_restore("cnorm"); /* last: libvterm's rmcup hides the cursor again if it was hidden at some DECSC before */
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

/* A UTF-8 locale if none was chosen; whoever chose another charset gets ASCII. */
static bool choose_locale(void)
{
	const char *chosen = setlocale(LC_CTYPE, "");
	if (!chosen || strcmp(chosen, "C") == 0 || strcmp(chosen, "POSIX") == 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool usable(char *message, size_t size)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(message, size,
			 "the live screen needs a terminal; for scripts there are commands: pagetop --help");
		return false;
	}
	const char *name = getenv("TERM");
	int error = 0;
	bool known = name && *name && setupterm(NULL, STDOUT_FILENO, &error) == OK;
	bool moves = known && cursor_address;
	if (known)
		del_curterm(cur_term);
	if (!moves) {
		snprintf(message, size, "this terminal is not known (TERM=%.32s); try TERM=xterm-256color",
			 name ? name : "");
		return false;
	}
	return true;
}

static void start_colours(const struct ui_options *options)
{
	int colours = 0;
	if (has_colors() && start_color() == OK && use_default_colors() == OK)
		colours = COLORS;
	tty.depth = ui_theme_depth(options, colours, getenv("NO_COLOR"));
	tty.pairs_room = COLOR_PAIRS < PAIRS_MAX / 2 ? COLOR_PAIRS : PAIRS_MAX / 2;
	tty.pairs_used = 0;
	memset(tty.pairs, 0, sizeof tty.pairs);
}

static void start_mouse(void)
{
	mousemask(BUTTON1_PRESSED | BUTTON1_RELEASED | BUTTON4_PRESSED | BUTTON5_PRESSED | REPORT_MOUSE_POSITION, NULL);
	mouseinterval(0);
	const char *kmous = tigetstr((char *)(uintptr_t) "kmous");
	tty.drag = kmous && kmous != (char *)-1;
	if (tty.drag) {
		fputs(DRAG_ON, stdout);
		fflush(stdout);
	}
}

/* Cursor keys as a terminal sends them that did not take up the mode that terminfo speaks of. */
static void know_plain_cursor_keys(void)
{
	static const struct {
		const char *bytes;
		int code;
	} keys[] = {{"\033[A", KEY_UP},   {"\033[B", KEY_DOWN}, {"\033[C", KEY_RIGHT}, {"\033[D", KEY_LEFT},
		    {"\033[H", KEY_HOME}, {"\033[F", KEY_END},  {"\033[1~", KEY_HOME}, {"\033[4~", KEY_END}};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (key_defined(keys[i].bytes) == 0)
			define_key(keys[i].bytes, keys[i].code);
}

/* After exit() anywhere, too. */
static void at_exit(void)
{
	ui_term_close();
}

bool ui_term_open(const struct ui_options *options, char *message, size_t size)
{
	bool utf8 = choose_locale();
	if (!usable(message, size))
		return false;
	tcgetattr(STDIN_FILENO, &tty.saved);
	set_escdelay(25);
	tty.screen = newterm(NULL, stdout, stdin);
	tty.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!tty.screen || tty.wake < 0) {
		snprintf(message, size, "the terminal cannot be used: %s", strerror(errno));
		return false;
	}
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	typeahead(-1); /* half an update would stay on the screen until the next */
	curs_set(0);
	know_plain_cursor_keys();
	start_colours(options);
	start_mouse();
	prepare_restore();
	bool unicode = utf8 && !options->ascii;
	tty.can = (struct wg_ability){.unicode = unicode,
				      .half_blocks = unicode && tty.depth == UI_DEPTH_256 && tty.pairs_room > 256,
				      .colour = tty.depth != UI_DEPTH_MONO};
	tty.open = true;
	catch_signals();
	atexit(at_exit);
	return true;
}

static void leave_screen(void)
{
	if (tty.drag)
		fputs(DRAG_OFF, stdout);
	fflush(stdout);
	endwin();
	putp(cursor_normal); /* again, after rmcup: see prepare_restore */
	fflush(stdout);
}

void ui_term_close(void)
{
	if (!tty.open)
		return;
	leave_screen();
	tty.open = false;
	for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++)
		signal(fatal_signals[i], SIG_DFL);
	signal(SIGWINCH, SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
	signal(SIGCONT, SIG_DFL);
	delscreen(tty.screen);
	wg_canvas_free(&tty.shown);
	close(tty.wake);
	tty.wake = -1;
}

void ui_term_size(int *ret_w, int *ret_h)
{
	*ret_w = COLS;
	*ret_h = LINES;
}

struct wg_ability ui_term_ability(void)
{
	return tty.can;
}

bool ui_term_gone(void)
{
	return tty.gone;
}

/* Curses ignores SIGTSTP while it writes: one that comes then is to wait, not to be lost. */
static void update(void)
{
	sigset_t stop, before;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_BLOCK, &stop, &before);
	refresh();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- showing ---------------------------------------------------------------------------------------------------- */

/* The pair of two colours, made when first asked for; 0, the terminal's own, when there are no more. */
static int pair_of(short fg, short bg)
{
	if (fg < 0 && bg < 0)
		return 0;
	unsigned at = ((unsigned)(fg + 1) * 263u + (unsigned)(bg + 1)) % PAIRS_MAX;
	while (tty.pairs[at].pair) {
		if (tty.pairs[at].fg == fg && tty.pairs[at].bg == bg)
			return tty.pairs[at].pair;
		at = (at + 1) % PAIRS_MAX;
	}
	if (tty.pairs_used + 1 >= tty.pairs_room || init_extended_pair(tty.pairs_used + 1, fg, bg) != OK)
		return bg >= 0 && fg >= 0 ? pair_of(fg, -1) : 0;
	tty.pairs[at].fg = fg;
	tty.pairs[at].bg = bg;
	return tty.pairs[at].pair = ++tty.pairs_used;
}

static attr_t curses_attrs(unsigned ink)
{
	return (ink & UI_INK_BOLD ? A_BOLD : 0) | (ink & UI_INK_DIM ? A_DIM : 0) |
	       (ink & UI_INK_UNDERLINE ? A_UNDERLINE : 0) | (ink & UI_INK_REVERSE ? A_REVERSE : 0);
}

static void set_cell(cchar_t *ret, const struct wg_cell *cell)
{
	struct ui_ink ink = ui_theme_ink(tty.depth, cell->fg, cell->bg, cell->attrs);
	uint32_t ch = cell->ch < 32 || cell->ch == 127 ? ' ' : cell->ch;
	int pair = pair_of(ink.fg, ink.bg);
	setcchar(ret, (wchar_t[]){(wchar_t)ch, 0}, curses_attrs(ink.attrs), (short)(pair & 0x7fff), &pair);
}

static void show_row(const struct wg_canvas *canvas, int y)
{
	const struct wg_cell *row = canvas->cells + (size_t)y * (size_t)canvas->w;
	size_t size = (size_t)canvas->w * sizeof *row;
	struct wg_cell *shown = tty.shown.cells + (size_t)y * (size_t)canvas->w;
	if (memcmp(row, shown, size) == 0)
		return;
	cchar_t line[512];
	int n = 0;
	for (int x = 0; x < canvas->w && x < (int)(sizeof line / sizeof *line); x++)
		if (row[x].ch || x == 0)
			set_cell(&line[n++], &row[x]);
	mvadd_wchnstr(y, 0, line, n);
	memcpy(shown, row, size);
}

void ui_term_show(const struct wg_canvas *canvas)
{
	if (tty.shown.w != canvas->w || tty.shown.h != canvas->h) {
		if (!wg_canvas_resize(&tty.shown, canvas->w, canvas->h))
			return;
		memset(tty.shown.cells, 0xff, (size_t)canvas->w * (size_t)canvas->h * sizeof *canvas->cells);
		erase();
	}
	for (int y = 0; y < canvas->h && y < LINES; y++)
		show_row(canvas, y);
	update();
}

void ui_term_forget(void)
{
	clearok(curscr, TRUE);
	if (tty.shown.w)
		memset(tty.shown.cells, 0xff, (size_t)tty.shown.w * (size_t)tty.shown.h * sizeof(struct wg_cell));
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

void ui_term_wait(const int *fds, size_t n, int timeout_ms)
{
	struct pollfd polled[12] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = tty.wake, .events = POLLIN}};
	nfds_t used = 2;
	for (size_t i = 0; i < n && used < sizeof polled / sizeof *polled; i++)
		if (fds[i] >= 0)
			polled[used++] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	if (poll(polled, used, timeout_ms) < 0)
		return;
	if (polled[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		tty.gone = true;
}

/* Stops as the shell asked, with the terminal as it was, and goes on when told to. */
static void stop(void)
{
	leave_screen();
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	catch (SIGTSTP, on_wake, SA_RESTART);
}

static void go_on(void)
{
	if (tty.drag) {
		fputs(DRAG_ON, stdout);
		fflush(stdout);
	}
	ui_term_forget();
	update();
}

static bool read_signals(struct ui_event *ret)
{
	uint64_t value;
	if (read(tty.wake, &value, sizeof value) < 0)
		return false;
	if (tty.stopped) {
		tty.stopped = 0;
		stop();
	}
	bool resized = tty.resized || tty.continued;
	if (tty.continued)
		go_on();
	tty.continued = tty.resized = 0;
	struct winsize size;
	if (!resized || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return false;
	resizeterm(size.ws_row, size.ws_col);
	ui_term_forget(); /* what the terminal made of the old lines is not known */
	*ret = (struct ui_event){.type = UI_EVENT_RESIZE, .x = size.ws_col, .y = size.ws_row};
	return true;
}

static uint32_t key_of_code(wint_t code)
{
	switch (code) {
	case KEY_UP: return UI_KEY_UP;
	case KEY_DOWN: return UI_KEY_DOWN;
	case KEY_LEFT: return UI_KEY_LEFT;
	case KEY_RIGHT: return UI_KEY_RIGHT;
	case KEY_PPAGE: return UI_KEY_PAGE_UP;
	case KEY_NPAGE: return UI_KEY_PAGE_DOWN;
	case KEY_HOME:
	case KEY_A1: return UI_KEY_HOME;
	case KEY_END:
	case KEY_C1: return UI_KEY_END;
	case KEY_DC: return UI_KEY_DELETE;
	case KEY_BACKSPACE: return UI_KEY_BACKSPACE;
	case KEY_ENTER: return UI_KEY_ENTER;
	default: return UI_KEY_OTHER;
	}
}

static uint32_t key_of_char(wint_t ch)
{
	switch (ch) {
	case '\r': return UI_KEY_ENTER;
	case 127: return UI_KEY_BACKSPACE;
	default: return ch;
	}
}

static enum ui_mouse mouse_of_state(mmask_t state)
{
	if (state & BUTTON4_PRESSED)
		return UI_MOUSE_WHEEL_UP;
	if (state & BUTTON5_PRESSED)
		return UI_MOUSE_WHEEL_DOWN;
	if (state & BUTTON1_PRESSED)
		return UI_MOUSE_PRESS;
	return state & BUTTON1_RELEASED ? UI_MOUSE_RELEASE : UI_MOUSE_DRAG;
}

/* Curses gives what came in one go as one key, and the newest of it first. */
static bool read_mouse(struct ui_event *ret)
{
	MEVENT m;
	tty.n_mouse = 0;
	while (tty.n_mouse < MOUSE_MAX && getmouse(&m) == OK)
		tty.mouse[tty.n_mouse++] = (struct ui_event){
			.type = UI_EVENT_MOUSE, .mouse = mouse_of_state(m.bstate), .x = m.x, .y = m.y};
	if (!tty.n_mouse)
		return false;
	*ret = tty.mouse[--tty.n_mouse];
	return true;
}

bool ui_term_read(struct ui_event *ret)
{
	if (read_signals(ret))
		return true;
	if (tty.n_mouse) {
		*ret = tty.mouse[--tty.n_mouse];
		return true;
	}
	for (;;) {
		wint_t ch;
		int kind = get_wch(&ch);
		if (kind == ERR)
			return false;
		if (kind == KEY_CODE_YES && ch == KEY_RESIZE)
			continue;
		if (kind == KEY_CODE_YES && ch == KEY_MOUSE) {
			if (read_mouse(ret))
				return true;
			continue;
		}
		*ret = (struct ui_event){.type = UI_EVENT_KEY,
					 .key = kind == KEY_CODE_YES ? key_of_code(ch) : key_of_char(ch)};
		return true;
	}
}
