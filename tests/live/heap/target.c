/*
 * A program that allocates by a known pattern and says what it has: a line for each object, and malloc_info's sums. Waits
 * at every step for a line on its standard input.
 *
 *   target SCENE...   threads: four more, of arenas of their own; large: one arena is of several heaps; mapped: chunks
 *                     mapped one by one, aligned ones too; sbrk: takes memory of brk itself; blocked: brk cannot grow;
 *                     holes: frees nearly all of many objects
 *
 *   1  "ready": everything is set up that is not the pattern's, and a chunk is in every cache
 *   2  "object ADDRESS SIZE" each, malloc_info's text, "info ARENA FREE FAST MAPS MAPPED", "ready"
 *   3  malloc_trim(0), "ready"
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OBJECTS 6000
#define THREADS 4

struct worker {
	pthread_t thread;
	uint64_t random;
	size_t large, n; /* bytes that it allocates besides */
	void *objects[OBJECTS];
};

static struct worker workers[THREADS + 1];
static pthread_barrier_t step;
static char out[1 << 16];
static int mapped, holes;

static unsigned next(struct worker *w, unsigned below)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w->random >> 33) % below;
}

static size_t pick_size(struct worker *w)
{
	switch (next(w, 8)) {
	case 0: return next(w, 60000);
	case 1: return next(w, 4000);
	case 2: return next(w, 2) ? 0x288 : 0x248; /* as large as a tcache */
	default: return next(w, 150);
	}
}

static void keep(struct worker *w, void *object)
{
	if (w->n < OBJECTS)
		w->objects[w->n++] = object;
}

static void drop(struct worker *w, size_t i)
{
	free(w->objects[i]);
	w->objects[i] = w->objects[--w->n];
}

/* What is kept is kept in code, which no analyzer sees through. NOLINTBEGIN(clang-analyzer-unix.Malloc) */
static void map_some(struct worker *w)
{
	for (size_t align = 16; align <= 1 << 22; align *= 2) {
		void *object = NULL;
		if (posix_memalign(&object, align, 150000 + align / 3) == 0)
			keep(w, object);
		keep(w, malloc(140000 + next(w, 900000)));
		if (next(w, 3) == 0)
			drop(w, w->n - 1);
		else if (next(w, 2))
			w->objects[w->n - 1] = realloc(w->objects[w->n - 1], 1000000 + next(w, 900000));
	}
}

/* Of 64 MiB an object stays for each MiB. */
static void make_holes(struct worker *w)
{
	enum { N = 64 << 10 };
	void **objects = mmap(NULL, N * sizeof(*objects), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < N; i++) {
		objects[i] = malloc(1000);
		memset(objects[i], 0x5a, 1000);
	}
	for (size_t i = 0; i < N; i++) {
		if (i % 1024)
			free(objects[i]);
		else
			keep(w, objects[i]);
	}
	munmap(objects, N * sizeof(*objects));
}

static void play(struct worker *w)
{
	for (size_t bytes = 0; bytes < w->large; bytes += 100000)
		keep(w, malloc(100000));
	for (unsigned i = 0; i < 3 * OBJECTS && w->n < OBJECTS; i++) {
		void *object = malloc(pick_size(w));
		if (object)
			memset(object, next(w, 2) ? 0 : 0x5a, malloc_usable_size(object));
		keep(w, object);
		for (unsigned k = next(w, 40) == 0 ? next(w, 50) : 0; k && w->n > 1; k--)
			drop(w, next(w, (unsigned)w->n));
	}
	for (unsigned k = OBJECTS / 3; k && w->n > 1; k--)
		drop(w, next(w, (unsigned)w->n));
	if (mapped && w == workers)
		map_some(w);
	if (holes)
		make_holes(w);
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */

/* Of a size that is not played with: it stays in the cache, so that there is one. */
static void prepare(void)
{
	void *volatile object = malloc(1000);
	free(object);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	prepare();
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	play(w);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	return NULL;
}

static void ready(void)
{
	char line[8];
	printf("ready\n");
	fflush(stdout);
	if (read(0, line, sizeof(line)) <= 0)
		_exit(0);
}

static void tell(void)
{
	for (size_t i = 0; i <= THREADS; i++)
		for (size_t k = 0; k < workers[i].n; k++)
			printf("object %lx %zu\n", (unsigned long)(uintptr_t)workers[i].objects[k],
			       malloc_usable_size(workers[i].objects[k]));
	struct mallinfo2 info = mallinfo2();
	malloc_info(0, stdout);
	printf("info %zu %zu %zu %zu %zu\n", info.arena, info.fordblks, info.fsmblks, info.hblks, info.hblkhd);
}

/* Nothing of the heap's can be mapped right behind what brk has now. */
static void block_brk(void)
{
	uintptr_t end = ((uintptr_t)sbrk(0) + 4095) & ~(uintptr_t)4095;
	(void)mmap((void *)end, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

int main(int argc, char **argv)
{
	int threads = 0, own_brk = 0;
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	for (int i = 1; i < argc; i++) {
		threads |= !strcmp(argv[i], "threads");
		mapped |= !strcmp(argv[i], "mapped");
		holes |= !strcmp(argv[i], "holes");
		own_brk |= !strcmp(argv[i], "sbrk");
		if (!strcmp(argv[i], "large"))
			workers[1].large = 150u << 20;
		if (!strcmp(argv[i], "blocked"))
			block_brk();
	}
	prepare();
	pthread_barrier_init(&step, NULL, threads ? THREADS + 1 : 1);
	for (size_t i = 0; i <= THREADS; i++)
		workers[i].random = i + 1;
	for (size_t i = 1; i <= THREADS && threads; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	pthread_barrier_wait(&step);
	ready();
	pthread_barrier_wait(&step);
	if (own_brk && sbrk(5000) != (void *)-1)
		memset((char *)sbrk(0) - 5000, 0x21, 5000);
	play(&workers[0]);
	pthread_barrier_wait(&step);
	tell();
	ready();
	malloc_trim(0);
	ready();
	return 0;
}
