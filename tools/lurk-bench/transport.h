/* transport: the ways to a server, as constant rows. A stream carries messages back to back and
 * many in one record; a datagram carries exactly one (lurk.md 4). Plain tcp and udp reach test
 * builds. */
#ifndef LK_TOOLS_BENCH_TRANSPORT_H
#define LK_TOOLS_BENCH_TRANSPORT_H

#include <stdbool.h>

enum lk_bench_transport_id {
    LK_BENCH_TLS,
    LK_BENCH_DTLS,
    LK_BENCH_TCP,
    LK_BENCH_UDP,
    LK_BENCH_TRANSPORT_COUNT
};

struct lk_bench_transport {
    const char *name;
    bool datagram, secure;
};

static const struct lk_bench_transport lk_bench_transports[LK_BENCH_TRANSPORT_COUNT] = {
    [LK_BENCH_TLS] = {"tls", false, true},
    [LK_BENCH_DTLS] = {"dtls", true, true},
    [LK_BENCH_TCP] = {"tcp", false, false},
    [LK_BENCH_UDP] = {"udp", true, false},
};

#endif
