/* lurk: the message layer's own payloads, both ways: capabilities, ping, and the error payload that
 * every extension shares. Source lurk.md 5.3, 5.4, 7. */
#ifndef LK_CORE_WIRE_LURK_H
#define LK_CORE_WIRE_LURK_H

#include "core/base/bytes.h"
#include "core/wire/header.h"
#include "core/wire/registry.h"

#define LK_STATE_BYTES 4

struct lk_lurk_capabilities {
    struct lk_bytes extensions; /* pairs of u8 designation, u8 version, ascending */
    uint8_t state[LK_STATE_BYTES];
};

/* A capabilities response's payload. Returns false unless it ends exactly. The view borrows. */
bool lk_lurk_capabilities_parse(struct lk_bytes payload, struct lk_lurk_capabilities *out);

/* Writes list16 of `extensions` (pairs) and the state computed over it (lurk.md 5.4). */
void lk_lurk_capabilities_write(struct lk_writer *w, struct lk_bytes extensions);

/* A whole error message: layer faults under designation 0 version 1 with type and id of the request
 * (extension = false), an extension's own fault under the request's (true). */
void lk_lurk_error_write(struct lk_writer *w, const struct lk_header *request, bool extension,
                         uint8_t status, const uint8_t state[LK_STATE_BYTES]);

#endif
