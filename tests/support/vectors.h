/* vectors: JSON files of known answers, and their hex fields as bytes.
 *
 * Files are looked for in tests/vectors first, then in the shared data beside the checkout, which a
 * clone may lack: a test then calls skip(). Programs run from the top of the checkout.
 * A field that is missing or is no hex stops the test program: the data is broken, not the code.
 * Every view handed out is an allocation of exactly its length, so that AddressSanitizer sees any
 * read past it; close releases all of them. Thread one. */
#ifndef LK_TESTS_SUPPORT_VECTORS_H
#define LK_TESTS_SUPPORT_VECTORS_H

#include <jansson.h>

#include "core/base/bytes.h"

struct lk_vectors {
    json_t *root; /* NULL: the file is not there */
    void **owned;
    size_t owned_count;
};

/* name: "lurk/tls12.json". False when no such file is found; one that does not parse aborts. */
bool lk_vectors_open(struct lk_vectors *v, const char *name);
void lk_vectors_close(struct lk_vectors *v);

/* The array under a key of the root; aborts when it is missing or empty. Borrowed. */
const json_t *lk_vectors_rows(const struct lk_vectors *v, const char *key);
/* A string of a row, "" when the field is absent. Borrowed. */
const char *lk_vectors_text(const json_t *row, const char *field);
/* A hex string of a row as bytes. */
struct lk_bytes lk_vectors_hex(struct lk_vectors *v, const json_t *row, const char *field);
/* A copy of bytes in an allocation of its own. */
struct lk_bytes lk_vectors_copy(struct lk_vectors *v, struct lk_bytes bytes);

#endif
