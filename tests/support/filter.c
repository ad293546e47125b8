/* filter: LK_TEST in the environment names the one test that a program is to run (run-sabotage.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

__attribute__((constructor)) static void take_name(void)
{
    const char *name = getenv("LK_TEST");
    if (name != NULL) cmocka_set_test_filter(name);
}
