/* machine: what a number hangs on: processor, system, compiler, libcrypto, commit, date.
 * Thread one. */
#ifndef LK_BENCH_MACHINE_H
#define LK_BENCH_MACHINE_H

#include <jansson.h>

/* Sets date, commit, compiler, openssl and machine in `result`, as bench/e2e does. */
void lk_machine_describe(json_t *result);

#endif
