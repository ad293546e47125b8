#include "crypto/sha256_lanes.h"

void lk_sha256_lanes_library(struct lk_sha256_job *job, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        lk_sha256(job[i].message, job[i].len, job[i].digest);
}

/* Sixteen lanes take the time of five to six messages of libcrypto's, however many are used. */
#define FEW 5

void lk_sha256_lanes_ifma(struct lk_sha256_job *job, unsigned count)
{
    (count <= FEW ? lk_sha256_lanes_library : lk_sha256_x16_ifma.hash)(job, count);
}
