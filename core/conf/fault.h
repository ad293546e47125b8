/* fault: the errors of one configuration text, one line each, up to LK_FAULTS_MAX of them.
 * Owner   the caller of lk_conf_parse, for the length of the call. The text is the caller's. */
#ifndef LK_CORE_CONF_FAULT_H
#define LK_CORE_CONF_FAULT_H

#include <stddef.h>
#include <stdint.h>

#define LK_FAULTS_MAX 20
#define LK_FAULT_BYTES_MAX 1024 /* of one line */

struct lk_faults {
    const char *file;
    char *text;
    size_t size, len;
    uint32_t count; /* also those that found no room */
};

void lk_faults_init(struct lk_faults *faults, const char *file, char *text, size_t size);

/* Adds "FILE:LINE: " and the formatted words. A line that does not fit is left out whole. */
__attribute__((format(printf, 3, 4))) void lk_fault(struct lk_faults *faults, uint32_t line,
                                                    const char *format, ...);
/* Adds "and N more" when some were left out. */
void lk_faults_close(struct lk_faults *faults);

#endif
