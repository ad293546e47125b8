#include "crypto/sha256_lanes.h"

void lk_sha256_lanes_library(struct lk_sha256_job *job, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        lk_sha256(job[i].message, job[i].len, job[i].digest);
}
