/* rows: what a program that marks secrets can run, each in a process of its own, since a checker
 * ends it at the first fault (tests/support/run-taint.sh). Thread one. */
#ifndef LK_TESTS_CT_ROWS_H
#define LK_TESTS_CT_ROWS_H

#include <stddef.h>

struct lk_row {
    const char *name;
    void (*clean)(void); /* the code that ships; NULL: a control alone */
    void (*leaky)(void); /* a control that leaks on purpose; NULL: none of its own */
};

/* Usage of such a program: `list` prints "clean ROW" and "leak ROW", a line for each there is; such
 * a line as arguments runs it. Returns what main returns. */
int lk_rows_main(const struct lk_row *rows, size_t count, int argc, char **argv);

#endif
