#include "tests/ct/rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void list(const struct lk_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].clean != NULL) printf("clean %s\n", rows[i].name);
    for (size_t i = 0; i < count; i++)
        if (rows[i].leaky != NULL) printf("leak %s\n", rows[i].name);
}

int lk_rows_main(const struct lk_row *rows, size_t count, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        list(rows, count);
        return 0;
    }
    bool leak = argc == 3 && strcmp(argv[1], "leak") == 0;
    for (size_t i = 0; argc == 3 && i < count; i++) {
        void (*run)(void) = leak ? rows[i].leaky : rows[i].clean;
        if (strcmp(argv[2], rows[i].name) != 0 || run == NULL) continue;
        run();
        return 0;
    }
    fprintf(stderr, "usage: %s list | clean ROW | leak ROW\n", argv[0]);
    return 2;
}
