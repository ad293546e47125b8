/* desk: one edge at the intake of a front without sockets: its transport remembers answers, and the
 * vault's side of the segment is the test's to write. Time is the test's as well.
 * Owner the test; thread one. Failures of set-up abort. */
#ifndef LK_TESTS_SUPPORT_DESK_H
#define LK_TESTS_SUPPORT_DESK_H

#include "io/intake.h"

#define LK_TEST_DESK_SMALL 16 /* slots */
#define LK_TEST_DESK_LARGE 2

struct lk_test_desk {
    struct lk_peers peers; /* first: an answer finds the desk from it */
    struct lk_intake intake;
    struct lk_segment segment;
    struct lk_ring from_loop, to_loop; /* the vault's ends */
    struct lk_counters *counters;
    struct lk_conn *conn;
    uint8_t out[1 << 20]; /* answers, back to back */
    size_t out_bytes;
    uint32_t answers;
};

/* The view is borrowed. */
void lk_test_desk_open(struct lk_test_desk *desk, const struct lk_view *view);
/* A fresh peer, an empty segment in a new epoch, nothing answered. */
void lk_test_desk_begin(struct lk_test_desk *desk);
/* The peer goes; what it held is back in its pools. */
void lk_test_desk_end(struct lk_test_desk *desk);
/* Zeros, and both sides go over. */
void lk_test_desk_epoch(struct lk_test_desk *desk);

#endif
