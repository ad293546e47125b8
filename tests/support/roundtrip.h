/* roundtrip: what holds for every payload of tls13 and split whatever its bytes; aborts where it
 * does not: what a parser takes is written back to the same bytes, and every view lies inside the
 * payload. tests/support/request.h does the same for tls12. */
#ifndef LK_TESTS_SUPPORT_ROUNDTRIP_H
#define LK_TESTS_SUPPORT_ROUNDTRIP_H

#include "core/wire/split.h"
#include "core/wire/tls13.h"

/* A request of an exchange that uses a key; the status of its parser. */
uint8_t lk_roundtrip_request(enum lk_exchange_id exchange, struct lk_bytes payload);
/* A successful reply of any exchange of the two; capabilities without their state. */
bool lk_roundtrip_reply(enum lk_exchange_id exchange, struct lk_bytes payload);

#endif
