#include "crypto/crypto.h"
#include "crypto/engine_work.h"
#include "crypto/self_test.h"

bool lk_kernels_choose(struct lk_kernels *out, const char **failed)
{
    for (unsigned row = 0; row < LK_ROW_COUNT; row++) {
        out->row[row] = lk_engine_rows[row];
        if (lk_kernel_self_test(&out->row[row], (enum lk_kernel_row)row)) continue;
        *failed = out->row[row].name;
        return false;
    }
    *failed = NULL;
    return true;
}
