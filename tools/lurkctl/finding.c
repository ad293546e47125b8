#include "tools/lurkctl/finding.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned faults;

void lk_finding(const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%-8s ", topic);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

void lk_finding_fault(const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout); /* in order, where both go to one place */
    fprintf(stderr, "lurkctl: edge check: %s: ", topic);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    faults++;
}

unsigned lk_finding_faults(void)
{
    return faults;
}
