/* finding: what `lurkctl edge check` says: a line a fact on standard output, a line a fault on
 * standard error, which ends with what to do. Counts faults. Thread: one. */
#ifndef LK_TOOLS_LURKCTL_FINDING_H
#define LK_TOOLS_LURKCTL_FINDING_H

/* topic: one word that the line begins with. */
void lk_finding(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lk_finding_fault(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Faults told so far. */
unsigned lk_finding_faults(void);

#endif
