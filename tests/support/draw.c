#include "tests/support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SANITIZER_PART 40 /* what a build for sanitizers is slower by */

static uint64_t state;

void lk_draw_seed(void)
{
    const char *given = getenv("LK_SEED");
    uint64_t now = (uint64_t)time(NULL) << 20 | (uint64_t)clock();
    state = given != NULL ? strtoull(given, NULL, 0) : now;
    printf("LK_SEED=%#llx\n", (unsigned long long)state);
    fflush(stdout);
}

/* splitmix64: any seed will do. */
uint64_t lk_draw(void)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

size_t lk_draw_below(size_t bound)
{
    return (size_t)(lk_draw() % bound);
}

void lk_draw_bytes(uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)lk_draw();
}

unsigned lk_draw_rounds(unsigned check, unsigned longer)
{
    unsigned rounds = getenv("LK_LONG") != NULL ? longer : check;
    if (strstr(LK_CONFIG, "san") != NULL) rounds /= SANITIZER_PART;
    return rounds > 0 ? rounds : 1;
}
