/*
 * How long it takes until the live screen shows that a page has changed: the age of what it shows, without asking it.
 *
 *   ages -i FD -o FD [-s N] [-p N] [-f N] -- PAGETOP...
 *
 * FD are the output and the input of a dense target (target.c), which PAGETOP... looks at. The screen stands on a map
 * with a page per cell, of the first of the target's pages.
 *
 *   -s N   so many times, at different moments of the interval, pages on the screen are given to MADV_FREE (which only
 *          the flags of their frames show), and then come back: screen_p50_ms, screen_worst_ms
 *   -p N   so many times, PLACES stretches all over the target, off the screen, change between there and not there, as
 *          many one way as the other: presence_worst_ms until all are known
 *   -f N   the same with MADV_FREE: facts_worst_ms
 *
 * What the header claims ("up to 11 s old") is held against what was found: claims_wrong counts the looks that found
 * something unknown although it had changed longer ago than anything was said to be old.
 *
 * What is known of pages off the screen is looked at without having it read: the screen is paused (nothing is read
 * then), shows all of the target for a moment, and goes on where it was. So those times are as coarse as the looks are
 * apart. What is not known after GIVE_UP times what the bar allows counts as that long. Times count from when the
 * change was done. Prints one line of NAME=VALUE.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"

#define PLACES      16
#define GIVE_UP     3
#define SCREEN_MS   1000.0 /* what the bars allow */
#define PRESENCE_MS 5000.0
#define FACTS_MS    60000.0
#define LEAD_MS     10.0   /* a look is begun so much before its time, to be in time */
#define SETTLE_MS   30.0   /* without anything drawn: the screen is complete */
#define SLACK_MS    1500.0 /* of a claim: drawn up to an interval ago, and rounded */
#define PAGE        4096u
#define ONE_PAGE    "a cell is one page"

static long wrong_claims;
static FILE *to_target, *from_target;
static uint64_t base, size;

static void tell_target(const char *command, char *answer, int room)
{
	fprintf(to_target, "%s\n", command);
	fflush(to_target);
	if (!fgets(answer, room, from_target))
		bt_give_up("the target ended");
}

/* ---- what a map shows ------------------------------------------------------------------------------------------- */

struct map {
	uint64_t at[BT_ROWS]; /* address of a row's first cell; 0: no row of the map */
	char cells[BT_ROWS][BT_ROW_BYTES];
	size_t width;      /* cells of a full row */
	uint64_t per_cell; /* bytes; 0: no map */
};

/* " 7f4e9f000000 ####": an address and cells. */
static void read_row(int y, uint64_t *at, char *cells)
{
	char text[BT_ROW_BYTES], *end;
	bt_row(y, text);
	*at = strtoull(text + 1, &end, 16);
	if (end - text < 8 || *end != ' ')
		*at = 0;
	snprintf(cells, BT_ROW_BYTES, "%s", *at ? end + 1 : "");
	cells[strcspn(cells, " ")] = '\0';
}

static void read_map(struct map *map)
{
	map->per_cell = 0;
	for (int y = 0; y < BT_ROWS; y++) {
		read_row(y, &map->at[y], map->cells[y]);
		if (y && !map->per_cell && map->at[y] > map->at[y - 1] && map->at[y - 1]) {
			map->width = strlen(map->cells[y - 1]);
			map->per_cell = map->width ? (map->at[y] - map->at[y - 1]) / map->width : 0;
		}
	}
}

/* Of the cell around an address; 0: it is not on the screen. */
static char cell_of(const struct map *map, uint64_t address)
{
	for (int y = 0; map->per_cell && y < BT_ROWS; y++) {
		uint64_t cell = (address - map->at[y]) / map->per_cell;
		if (map->at[y] && address >= map->at[y] && cell < strlen(map->cells[y]))
			return map->cells[y][cell];
	}
	return 0;
}

/* True: something of the layer is there. */
static bool is_hit(const struct map *map, uint64_t address)
{
	char cell = cell_of(map, address);
	if (!cell)
		bt_give_up("a page is not on the map");
	return cell != '.';
}

/* ---- on the screen ---------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Until the page shows, or does not show, what the layer is about. */
static double time_cell(uint64_t address, bool hit)
{
	struct map map;
	double from = bt_now(), until = from + GIVE_UP * SCREEN_MS;
	for (;;) {
		read_map(&map);
		if (map.per_cell == PAGE && is_hit(&map, address) == hit)
			return bt_now() - from;
		if (bt_now() >= until)
			return GIVE_UP * SCREEN_MS;
		if (!bt_take(until, -1))
			bt_give_up("the program ended too early");
	}
}

static void time_screen(long n)
{
	char command[128], answer[64];
	double *took = calloc((size_t)n * 2, sizeof(*took));
	if (!took)
		bt_give_up("out of memory");
	bt_press("3");
	bt_wait("layer: dirty", true);
	for (long i = 0; i < n; i++) {
		uint64_t bytes = 256 * PAGE,
			 offset = (uint64_t)(1 + i % 8) * bytes; /* more than lag behind on some CPU */
		double wait = (double)(i * 7 % n) / (double)n * SCREEN_MS;
		bt_run_until(bt_now() + wait, -1);
		snprintf(command, sizeof(command), "free %lu %lu", offset, bytes);
		tell_target(command, answer, sizeof(answer));
		took[2 * i] = time_cell(base + offset, false);
		bt_run_until(bt_now() + SCREEN_MS - wait, -1);
		snprintf(command, sizeof(command), "drop %lu %lu touch %lu %lu", offset, bytes, offset, bytes);
		tell_target(command, answer, sizeof(answer));
		took[2 * i + 1] = time_cell(base + offset, true);
	}
	qsort(took, (size_t)n * 2, sizeof(*took), by_value);
	printf(" screen_p50_ms=%.3f screen_worst_ms=%.3f", took[n], took[2 * n - 1]);
	free(took);
}

/* ---- off the screen --------------------------------------------------------------------------------------------- */

/* What is known of all the target right now, without having it read. */
static void look(struct map *map)
{
	bt_press(" ");
	bt_wait("paused", true);
	bt_press("z");
	bt_wait(ONE_PAGE, false);
	bt_settle(SETTLE_MS);
	read_map(map);
	if (!map->per_cell)
		bt_give_up("no map to be seen");
	bt_press("\r");
	bt_wait(ONE_PAGE, true);
	bt_press(" ");
	bt_wait("paused", false);
}

/* How old the header says what it shows may be; nothing said: as new as was asked for. */
static double claimed_age(void)
{
	char text[BT_ROW_BYTES], unit[8];
	double age;
	bt_row(0, text);
	const char *at = strstr(text, "up to ");
	if (!at)
		return SCREEN_MS;
	if (sscanf(at, "up to %lf %7s old", &age, unit) != 2)
		bt_give_up("the header says no age that can be read");
	return strcmp(unit, "ms") == 0 ? age : strcmp(unit, "s") == 0 ? age * 1e3 : age * 60e3 + 30e3;
}

struct places {
	uint64_t offset[PLACES], bytes; /* of whole cells, the second of which lies inside */
	bool hit[PLACES];               /* what is to be known of each */
};

static bool all_known(const struct map *map, const struct places *places)
{
	for (int i = 0; i < PLACES; i++)
		if (is_hit(map, base + places->offset[i] + places->bytes / 2) != places->hit[i])
			return false;
	return true;
}

/* Looks every `step` until everything is known. */
static double time_places(const struct places *places, double allowed, double step)
{
	struct map map;
	double from = bt_now(), most = GIVE_UP * allowed;
	for (int i = 1; i * step <= most; i++) {
		double at = i * step;
		bt_run_until(from + at - LEAD_MS, -1);
		double claim = claimed_age();
		look(&map);
		if (all_known(&map, places))
			return at;
		wrong_claims += claim + SLACK_MS < at;
	}
	return most;
}

static void change(const struct places *places, const char *hit, const char *other)
{
	char command[PLACES * 64], answer[64];
	size_t used = 0;
	for (int i = 0; i < PLACES; i++)
		used += (size_t)snprintf(command + used, sizeof(command) - used, "%s %lu %lu ",
					 places->hit[i] ? hit : other, places->offset[i], places->bytes);
	tell_target(command, answer, sizeof(answer));
}

/* Spread over all of it but the part on the screen. */
static void spread(struct places *places)
{
	struct map map;
	look(&map);
	places->bytes = map.per_cell * 3;
	for (int i = 0; i < PLACES; i++) {
		uint64_t at = size / 16 + (size - size / 8) / PLACES * (uint64_t)i;
		places->offset[i] = at - at % map.per_cell;
	}
}

static void time_presence(long n)
{
	struct places places;
	double worst = 0;
	bt_press("2");
	bt_wait("layer: present", true);
	spread(&places);
	for (long round = 0; round <= n; round++) {
		for (int i = 0; i < PLACES; i++)
			places.hit[i] = (i + round) % 2;
		change(&places, "touch", "drop");
		double took = time_places(&places, PRESENCE_MS, SCREEN_MS);
		if (round && took > worst) /* the first makes the places unlike; others keep RSS as it is */
			worst = took;
	}
	for (int i = 0; i < PLACES; i++)
		places.hit[i] = true;
	change(&places, "touch", "drop");
	time_places(&places, PRESENCE_MS, SCREEN_MS);
	printf(" presence_worst_ms=%.0f", worst);
}

static void time_facts(long n)
{
	struct places places;
	double worst = 0;
	bt_press("3");
	bt_wait("layer: dirty", true);
	spread(&places);
	places.bytes = places.bytes / 3 * 4; /* one for those that lag behind on some CPU */
	for (long round = 0; round < n; round++) {
		for (int i = 0; i < PLACES; i++)
			places.hit[i] = false;
		change(&places, "touch", "free");
		double took = time_places(&places, FACTS_MS, PRESENCE_MS);
		worst = took > worst ? took : worst;
		for (int i = 0; i < PLACES; i++)
			places.hit[i] = true;
		change(&places, "drop", "drop");
		change(&places, "touch", "touch");
		if (round + 1 < n)
			time_places(&places, FACTS_MS, PRESENCE_MS);
	}
	printf(" facts_worst_ms=%.0f", worst);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static void find_target(void)
{
	char answer[64];
	unsigned long where, bytes;
	tell_target("where", answer, sizeof(answer));
	if (sscanf(answer, "%lx %lu", &where, &bytes) != 2)
		bt_give_up("the target does not say where its memory is");
	base = where;
	size = bytes;
}

/* From the overview, when all of it is known, to single pages at the beginning of the target's memory. */
static void go_to_pages(void)
{
	char text[64];
	bt_wait("VMAs,", true);
	bt_wait("looking what", false);
	bt_wait("% seen", false);
	snprintf(text, sizeof(text), ":%lx\r", base);
	bt_press(text);
	snprintf(text, sizeof(text), "page %lx", base);
	bt_wait(text, true);
	bt_press("\033");
	bt_wait(text, false);
	bt_press("\r");
	snprintf(text, sizeof(text), "map of %lx", base);
	bt_wait(text, true);
	bt_press("\r");
	bt_wait(ONE_PAGE, true);
}

int main(int argc, char **argv)
{
	long screen = 0, presence = 0, facts = 0;
	int in = -1, out = -1;
	for (int option; (option = getopt(argc, argv, "+i:o:s:p:f:")) != -1;)
		switch (option) {
		case 'i': in = atoi(optarg); break;
		case 'o': out = atoi(optarg); break;
		case 's': screen = atol(optarg); break;
		case 'p': presence = atol(optarg); break;
		case 'f': facts = atol(optarg); break;
		default: return 2;
		}
	from_target = fdopen(in, "r");
	to_target = fdopen(out, "w");
	if (!from_target || !to_target || optind == argc) {
		fprintf(stderr, "usage: ages -i FD -o FD [-s N] [-p N] [-f N] -- PAGETOP...\n");
		return 2;
	}
	find_target();
	bt_start(argv + optind);
	go_to_pages();
	printf("complete_ms=%.3f", bt_now() - bt_began());
	if (screen > 0)
		time_screen(screen);
	if (presence > 0)
		time_presence(presence);
	if (facts > 0)
		time_facts(facts);
	printf(" claims_wrong=%ld\n", wrong_claims);
	bt_end("q");
	return 0;
}
