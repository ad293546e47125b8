/* value: one option's value, from text and back, as its row of the schema says.
 * Knows types, units and ranges; knows no other row. Thread any. */
#ifndef LK_CORE_CONF_VALUE_H
#define LK_CORE_CONF_VALUE_H

#include "core/conf/doc.h"
#include "core/conf/schema.h"

#define LK_VALUE_WHY_BYTES 320

/* Store the value that `text` writes into base + option->offset. Of REF and REFS nothing is read
 * here. False: why[] says what is wrong, and nothing was stored. */
bool lk_value_read(const struct lk_conf_option *option, const char *text, void *base,
                   char why[LK_VALUE_WHY_BYTES]);

/* The same for a list of words. */
bool lk_value_read_words(const struct lk_conf_option *option, const struct lk_doc *doc,
                         uint32_t list, void *base, char why[LK_VALUE_WHY_BYTES]);

/* What may stand there: "1 ms to 10 s", "true, false". */
void lk_value_allowed(const struct lk_schema *schema, const struct lk_conf_option *option,
                      char *text, size_t size);

/* The value as text that lk_value_read would take. Not for REF and REFS. */
void lk_value_print(const struct lk_conf_option *option, const void *base, FILE *to);

/* Edits between two short words, at most `limit` (larger ones give limit + 1). */
unsigned lk_value_distance(const char *a, const char *b, unsigned limit);

#endif
