/*
 * What test_live_reach looks at: lists in the order of allocation, against it and at random, a tree, a table of all kinds
 * of pointers, and the same again with nothing that leads there. Says "live ADDRESS", "weak ADDRESS" and "lost ADDRESS"
 * for some of them, then "ready", and holds still until its stdin ends.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N 20000u

struct node {
	struct node *next, *other;
	uint64_t pad[5];
};

static struct node *volatile lists[3], *volatile tree;
static void **volatile table, *volatile odd;

static void say(const char *what, const void *object)
{
	printf("%s %p\n", what, object);
}

/* order 0: each points at the one before it; 1: at the one behind; 2: at random. Nodes go to made[N]. */
static struct node *make_list(unsigned order, struct node **made)
{
	for (unsigned i = 0; i < N; i++)
		made[i] = calloc(1, sizeof(**made));
	uint64_t seed = 3;
	for (unsigned i = N - 1; order == 2 && i; i--) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		unsigned j = (unsigned)(seed >> 33) % (i + 1);
		struct node *swap = made[i];
		made[i] = made[j];
		made[j] = swap;
	}
	for (unsigned i = 1; i < N; i++) {
		if (order)
			made[i - 1]->next = made[i];
		else
			made[i]->next = made[i - 1];
	}
	return made[order ? 0 : N - 1];
}

static struct node *make_tree(unsigned depth)
{
	struct node *node = calloc(1, sizeof(*node));
	if (depth) {
		node->next = make_tree(depth - 1);
		node->other = make_tree(depth - 1);
	}
	return node;
}

static void tell(const char *what, struct node **made, unsigned step)
{
	for (unsigned i = 0; i < N; i += step)
		say(what, made[i]);
}

__attribute__((noinline)) static void make(struct node **made)
{
	for (unsigned order = 0; order < 3; order++) {
		lists[order] = make_list(order, made);
		tell("live", made, 7);
		make_list(order, made);
		tell("lost", made, 7);
	}
	tree = make_tree(12);
	say("live", tree->other->next->other);
	table = calloc(100000, sizeof(*table)); /* a mapping of its own, that leads back into the heap */
	for (unsigned i = 0; i < 1000; i++) {
		say("live", table[i * 99] = malloc(100));
		char *middle = malloc(300);
		table[i] = table[i] ? table[i] : middle + 64;
	}
	char *string = calloc(1, 200), *hung = calloc(1, 50);
	memcpy(string, &hung, sizeof(hung));
	odd = string + 33;
	say("weak", string);
	say("weak", hung);
	for (unsigned i = 0; i < N; i++)
		made[i] = NULL;
}

/* What calls have left below this frame. */
__attribute__((noinline)) static void wipe(void)
{
	volatile char below[16384];
	for (size_t i = 0; i < sizeof(below); i++)
		below[i] = 0;
}

int main(void)
{
	struct node **made = calloc(N, sizeof(struct node *));
	char byte;
	make(made);
	wipe();
	puts("ready");
	fflush(stdout);
	return read(0, &byte, 1) < 0;
}
