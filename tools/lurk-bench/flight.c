#include "tools/lurk-bench/flight.h"

#include <stdlib.h>

#include "tools/lurk-bench/options.h"

#define SLOT_BITS 10
_Static_assert(LK_BENCH_IN_FLIGHT_MAX <= 1 << SLOT_BITS, "a slot fits its bits of the id");

static void vacate_all(struct lk_bench_flight *flight)
{
    flight->vacant_count = flight->slots;
    for (uint32_t i = 0; i < flight->slots; i++)
        flight->vacant[i] = (uint16_t)(flight->slots - 1 - i);
}

lk_err lk_bench_flight_init(struct lk_bench_flight *flight, uint32_t slots,
                            uint32_t request_bytes_max, uint64_t mask)
{
    size_t stride = (request_bytes_max + 63u) & ~63u;
    *flight = (struct lk_bench_flight){.slots = slots, .next_number = 1, .mask = mask};
    if (slots == 0) return LK_OK;
    flight->request = calloc(slots, sizeof(*flight->request));
    flight->vacant = calloc(slots, sizeof(*flight->vacant));
    flight->bytes = calloc(slots, stride);
    if (!flight->request || !flight->vacant || !flight->bytes) {
        lk_bench_flight_fini(flight);
        return LK_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < slots; i++)
        flight->request[i].bytes = flight->bytes + i * stride;
    vacate_all(flight);
    return LK_OK;
}

void lk_bench_flight_fini(struct lk_bench_flight *flight)
{
    free(flight->request);
    free(flight->vacant);
    free(flight->bytes);
    *flight = (struct lk_bench_flight){0};
}

struct lk_bench_request *lk_bench_flight_take(struct lk_bench_flight *flight, uint64_t *id)
{
    if (flight->vacant_count == 0) return NULL;
    uint32_t slot = flight->vacant[--flight->vacant_count];
    struct lk_bench_request *request = &flight->request[slot];
    request->number = flight->next_number++;
    request->repeated = false;
    *id = (request->number << SLOT_BITS | slot) ^ flight->mask;
    return request;
}

enum lk_bench_match lk_bench_flight_match(struct lk_bench_flight *flight, uint64_t id,
                                          struct lk_bench_request **request)
{
    uint64_t plain = id ^ flight->mask, number = plain >> SLOT_BITS;
    uint32_t slot = (uint32_t)(plain & ((1u << SLOT_BITS) - 1));
    if (slot >= flight->slots || number == 0 || number >= flight->next_number)
        return LK_BENCH_MATCH_UNKNOWN;
    struct lk_bench_request *found = &flight->request[slot];
    if (found->number == number) {
        *request = found;
        return LK_BENCH_MATCH_FOUND;
    }
    if (found->expired_number == number) return LK_BENCH_MATCH_LATE;
    return found->repeated_number == number ? LK_BENCH_MATCH_REPEAT : LK_BENCH_MATCH_DOUBLE;
}

void lk_bench_flight_release(struct lk_bench_flight *flight, struct lk_bench_request *request,
                             bool expired)
{
    if (expired) request->expired_number = request->number;
    if (request->repeated) request->repeated_number = request->number;
    request->number = 0;
    flight->vacant[flight->vacant_count++] = (uint16_t)(request - flight->request);
}

uint32_t lk_bench_flight_reset(struct lk_bench_flight *flight, uint64_t mask)
{
    uint32_t outstanding = lk_bench_flight_outstanding(flight);
    for (uint32_t i = 0; i < flight->slots; i++)
        flight->request[i].number = 0;
    vacate_all(flight);
    flight->mask = mask;
    flight->next_number = 1;
    for (uint32_t i = 0; i < flight->slots; i++)
        flight->request[i].expired_number = flight->request[i].repeated_number = 0;
    return outstanding;
}
