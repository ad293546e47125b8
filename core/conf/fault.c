#include "core/conf/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Kept free for the last line, which says how many were left out. */
#define CLOSING_BYTES 64

void lk_faults_init(struct lk_faults *faults, const char *file, char *text, size_t size)
{
    *faults = (struct lk_faults){.file = file, .text = text, .size = size};
    if (size > 0) text[0] = '\0';
}

static void append(struct lk_faults *faults, const char *line, size_t reserve)
{
    size_t len = strlen(line);
    if (faults->len + len + reserve + 2 > faults->size) return;
    if (faults->len > 0) faults->text[faults->len++] = '\n';
    memcpy(faults->text + faults->len, line, len + 1);
    faults->len += len;
}

void lk_fault(struct lk_faults *faults, uint32_t line, const char *format, ...)
{
    if (faults->count++ >= LK_FAULTS_MAX) return;
    char text[LK_FAULT_BYTES_MAX];
    int len = snprintf(text, sizeof text, "%.256s:%u: ", faults->file, line);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + len, sizeof text - (size_t)len, format, args);
    va_end(args);
    append(faults, text, faults->len == 0 ? 0 : CLOSING_BYTES);
}

void lk_faults_close(struct lk_faults *faults)
{
    uint32_t shown = 0;
    for (size_t i = 0; i < faults->len; i++)
        if (faults->text[i] == '\n') shown++;
    if (faults->len > 0) shown++;
    if (shown >= faults->count) return;
    char line[CLOSING_BYTES];
    (void)snprintf(line, sizeof line, "and %u more errors", faults->count - shown);
    append(faults, line, 0);
}
