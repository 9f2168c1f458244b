/*
 * A mutex, and two conditions: there is work, and it is done; see team.h.
 */
#include "core/scan/team.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct member {
	struct pt_team *team;
	unsigned i;
	pthread_t thread;
};

struct pt_team {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	unsigned long round; /* each is one pt_team_run */
	unsigned busy;       /* members that have not finished it */
	bool ended;
	void (*fn)(void *arg, unsigned i);
	void *arg;
	unsigned n;
	struct member members[]; /* [n]: all but the caller */
};

static void *work(void *arg)
{
	struct member *member = arg;
	struct pt_team *team = member->team;
	unsigned long round = 0;
	pthread_mutex_lock(&team->lock);
	for (;;) {
		while (team->round == round && !team->ended)
			pthread_cond_wait(&team->work, &team->lock);
		if (team->ended)
			break;
		round = team->round;
		pthread_mutex_unlock(&team->lock);
		team->fn(team->arg, member->i);
		pthread_mutex_lock(&team->lock);
		if (--team->busy == 0)
			pthread_cond_signal(&team->done);
	}
	pthread_mutex_unlock(&team->lock);
	return NULL;
}

/* Signals are for the threads of the caller. */
static bool start(struct member *member)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&member->thread, NULL, work, member) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

struct pt_team *pt_team_new(unsigned threads)
{
	struct pt_team *team = calloc(1, sizeof(*team) + threads * sizeof(*team->members));
	if (!team)
		return NULL;
	pthread_mutex_init(&team->lock, NULL);
	pthread_cond_init(&team->work, NULL);
	pthread_cond_init(&team->done, NULL);
	for (; team->n + 1 < threads; team->n++) {
		team->members[team->n] = (struct member){.team = team, .i = team->n + 1};
		if (!start(&team->members[team->n])) {
			pt_team_free(team);
			return NULL;
		}
	}
	return team;
}

void pt_team_free(struct pt_team *team)
{
	if (!team)
		return;
	pthread_mutex_lock(&team->lock);
	team->ended = true;
	pthread_cond_broadcast(&team->work);
	pthread_mutex_unlock(&team->lock);
	for (unsigned i = 0; i < team->n; i++)
		pthread_join(team->members[i].thread, NULL);
	pthread_cond_destroy(&team->done);
	pthread_cond_destroy(&team->work);
	pthread_mutex_destroy(&team->lock);
	free(team);
}

void pt_team_run(struct pt_team *team, void (*fn)(void *arg, unsigned i), void *arg)
{
	if (!team || !team->n) {
		fn(arg, 0);
		return;
	}
	pthread_mutex_lock(&team->lock);
	team->fn = fn;
	team->arg = arg;
	team->busy = team->n;
	team->round++;
	pthread_cond_broadcast(&team->work);
	pthread_mutex_unlock(&team->lock);
	fn(arg, 0);
	pthread_mutex_lock(&team->lock);
	while (team->busy)
		pthread_cond_wait(&team->done, &team->lock);
	pthread_mutex_unlock(&team->lock);
}
