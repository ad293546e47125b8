/* Any bytes as what a front does to slots, rings and indices: core/exec/worker.h. */
#include "tests/support/hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lk_hostile_do(lk_bytes_of(data, size));
    return 0;
}
