/*
 * A program on a terminal of its own, as the benchmark's programs see it: what it shows, when. Every wait ends the
 * benchmark's program with status 1 when nothing happens for a minute. Times are milliseconds of the monotonic clock.
 */
#ifndef BENCH_TERMINAL_H
#define BENCH_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define BT_COLUMNS   120
#define BT_ROWS      40
#define BT_ROW_BYTES (BT_COLUMNS * 8 + 1)

double bt_now(void);
_Noreturn void bt_give_up(const char *what);

void bt_start(char **argv); /* found by PATH */
pid_t bt_program(void);
double bt_began(void);         /* before the fork */
void bt_end(const char *keys); /* presses them and waits, then kills */

void bt_press(const char *keys);
void bt_row(int y, char *ret); /* the text of a row, BT_ROW_BYTES */
bool bt_shows(const char *text);
void bt_wait(const char *text, bool shown);
void bt_settle(double quiet); /* until nothing has been drawn for so long */

/* Takes what is drawn until some came, or the moment has come, or `other` (-1: nothing) can be read. False when the
 * program has ended. */
bool bt_take(double until, int other);
/* The same all the time until then. */
void bt_run_until(double until, int other);

#endif
