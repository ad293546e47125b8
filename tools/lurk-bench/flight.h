/* flight: the requests outstanding on one connection, found by the id of their answer.
 *
 * An id carries a running number and the slot, under a mask drawn per connection, so that an answer
 * that comes twice, too late or out of nowhere is told from a good one without a table of old ids.
 * Owner a connection; its thread. Memory is taken by init, none later. */
#ifndef LK_TOOLS_BENCH_FLIGHT_H
#define LK_TOOLS_BENCH_FLIGHT_H

#include "core/base/err.h"
#include "tools/lurk-bench/exchange.h"

struct lk_bench_request {
    uint64_t number; /* 0: the slot is free */
    uint64_t intended_ns, sent_ns;
    uint64_t repeat_ns,
        repeat_wait_ns; /* datagrams: when it is sent again, and the pause after that */
    const struct lk_bench_template *from;
    uint8_t *bytes; /* as sent, from->bytes of them */
    uint8_t exchange;
    bool verify, repeated;
    uint64_t expired_number, repeated_number; /* of earlier requests in this slot */
};

enum lk_bench_match {
    LK_BENCH_MATCH_FOUND,
    LK_BENCH_MATCH_DOUBLE,  /* that request was answered before */
    LK_BENCH_MATCH_REPEAT,  /* the same, but we had sent it again, so a second answer is due */
    LK_BENCH_MATCH_LATE,    /* that request had passed its deadline */
    LK_BENCH_MATCH_UNKNOWN, /* never asked here */
    LK_BENCH_MATCH_COUNT
};

struct lk_bench_flight {
    struct lk_bench_request *request; /* [slots] */
    uint16_t *vacant;                 /* stack of free slots */
    uint8_t *bytes;
    uint32_t slots, vacant_count;
    uint64_t next_number, mask;
};

LK_MUST_USE lk_err lk_bench_flight_init(struct lk_bench_flight *flight, uint32_t slots,
                                        uint32_t request_bytes_max, uint64_t mask);
void lk_bench_flight_fini(struct lk_bench_flight *flight);

static inline uint32_t lk_bench_flight_outstanding(const struct lk_bench_flight *flight)
{
    return flight->slots - flight->vacant_count;
}

/* A free slot with its number drawn, or NULL; *id is what its request has to carry. */
struct lk_bench_request *lk_bench_flight_take(struct lk_bench_flight *flight, uint64_t *id);
/* The request an answer's id belongs to; *request is set with FOUND only. */
enum lk_bench_match lk_bench_flight_match(struct lk_bench_flight *flight, uint64_t id,
                                          struct lk_bench_request **request);
/* Answered, or given up (expired): the slot is free again. */
void lk_bench_flight_release(struct lk_bench_flight *flight, struct lk_bench_request *request,
                             bool expired);
/* The connection is gone: every slot is free, and ids of it are unknown from now on. Returns how
 * many requests were outstanding. */
uint32_t lk_bench_flight_reset(struct lk_bench_flight *flight, uint64_t mask);

#endif
