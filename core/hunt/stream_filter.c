/*
 * Which of many words lie within bounds; see stream.h. Of most memory hardly any do, so this is what a pass does most often:
 * four at a time where the processor can.
 */
#include "core/hunt/stream.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Two ranges, by where they begin and how long they are. */
struct ranges {
	uint64_t low[2], size[2];
};

/* Without branches, since words come in no order that a processor could guess. */
static size_t filter(const uint64_t *words, size_t first, size_t n, const struct ranges *r, uint16_t *ret)
{
	size_t n_ret = 0;
	for (size_t i = first; i < n; i++) {
		ret[n_ret] = (uint16_t)i;
		n_ret += (size_t)((words[i] - r->low[0] < r->size[0]) | (words[i] - r->low[1] < r->size[1]));
	}
	return n_ret;
}

#ifdef __x86_64__
/* Words are compared as signed ones, of which 0 is the least when their highest bit is flipped: by what low lacks. */
__attribute__((target("avx2"))) static size_t filter_avx2(const uint64_t *words, size_t n, const struct ranges *r,
							  uint16_t *ret)
{
	const uint64_t flip = 1ull << 63;
	const __m256i low0 = _mm256_set1_epi64x((int64_t)(r->low[0] + flip));
	const __m256i low1 = _mm256_set1_epi64x((int64_t)(r->low[1] + flip));
	const __m256i size0 = _mm256_set1_epi64x((int64_t)(r->size[0] + flip));
	const __m256i size1 = _mm256_set1_epi64x((int64_t)(r->size[1] + flip));
	size_t n_ret = 0, i = 0;
	for (; i + 16 <= n; i += 16) {
		unsigned within = 0;
		for (unsigned k = 0; k < 4; k++) {
			__m256i four = _mm256_loadu_si256((const __m256i *)(words + i) + k);
			__m256i in0 = _mm256_cmpgt_epi64(size0, _mm256_sub_epi64(four, low0));
			__m256i in1 = _mm256_cmpgt_epi64(size1, _mm256_sub_epi64(four, low1));
			__m256d in = _mm256_castsi256_pd(_mm256_or_si256(in0, in1));
			within |= (unsigned)_mm256_movemask_pd(in) << 4 * k;
		}
		for (; within; within &= within - 1)
			ret[n_ret++] = (uint16_t)(i + (unsigned)__builtin_ctz(within));
	}
	return n_ret + filter(words, i, n, r, ret + n_ret);
}
#endif

size_t pt_stream_filter(const uint64_t *words, size_t n, const struct pt_heap_bounds *bounds, size_t n_bounds,
			uint16_t *ret)
{
	if (!n_bounds)
		return 0;
	const struct pt_heap_bounds *first = &bounds[0], *last = &bounds[n_bounds - 1];
	const struct ranges ranges = {{first->low, last->low}, {first->high - first->low, last->high - last->low}};
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return filter_avx2(words, n, &ranges, ret);
#endif
	return filter(words, 0, n, &ranges, ret);
}
