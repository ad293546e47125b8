#include "crypto/rng.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "crypto/ct.h"

void lk_rng_init(struct lk_rng *rng)
{
    *rng = (struct lk_rng){.left = 0, .pid = (uint32_t)getpid()};
}

bool lk_rng_system(void *out, size_t len)
{
    uint8_t *to = out;
    while (len > 0) {
        ssize_t got = getrandom(to, len, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got;
        len -= (size_t)got;
    }
    return true;
}

/* A child of a fork holds a copy of its parent's pool and may not hand the same bytes out. */
static void forget_after_fork(struct lk_rng *rng)
{
    uint32_t pid = (uint32_t)getpid();
    if (pid == rng->pid) return;
    LK_WIPE(*rng);
    rng->pid = pid;
}

bool lk_rng_bytes(struct lk_rng *rng, void *out, size_t len)
{
    forget_after_fork(rng);
    if (len > sizeof rng->pool) return lk_rng_system(out, len);
    if (len > rng->left) {
        rng->left = 0;
        if (!lk_rng_system(rng->pool, sizeof rng->pool)) {
            LK_WIPE(rng->pool);
            return false;
        }
        rng->left = sizeof rng->pool;
    }
    uint8_t *from = rng->pool + (sizeof rng->pool - rng->left);
    if (len > 0) memcpy(out, from, len);
    lk_wipe(from, len);
    rng->left -= (uint32_t)len;
    return true;
}
