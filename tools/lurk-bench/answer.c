/* answer: what an answer is worth: which request it belongs to, whether it may be accepted at all,
 * is right, or refuses. Counts into the load's stats; the first half of lurk.md 6. */
#include "core/wire/registry.h"
#include "tools/liblurk/answer.h"
#include "tools/lurk-bench/load.h"

static void answer_good(struct lk_bench_load *load, const struct lk_bench_request *request,
                        uint64_t now_ns)
{
    struct lk_bench_tally *tally = &load->stats.tally[request->exchange];
    load->stats.count[LK_BENCH_C_ANSWERED]++;
    atomic_store_explicit(&load->answers, load->stats.count[LK_BENCH_C_ANSWERED],
                          memory_order_relaxed);
    if (lk_bench_load_measured(load, now_ns)) tally->answered++;
    if (lk_bench_load_measured(load, request->intended_ns))
        lk_bench_hist_add(&tally->latency, now_ns - request->intended_ns);
}

static bool payload_right(struct lk_bench_load *load, const struct lk_bench_request *request,
                          struct lk_bytes payload)
{
    const struct lk_bench_exchange *row = &lk_bench_exchanges[request->exchange];
    if (!row->verify) return payload.len == 0;
    if (!row->plausible(request->from, payload)) return false;
    if (!request->verify) return true;
    load->stats.count[LK_BENCH_C_VERIFIED]++;
    return row->verify(request->from, request->bytes, payload);
}

static void refusal_count(struct lk_bench_load *load, const struct lk_bench_request *request,
                          const struct lurk_answer *answer)
{
    struct lk_bench_tally *tally = &load->stats.tally[request->exchange];
    unsigned status = answer->status < LK_BENCH_STATUSES ? answer->status : LK_BENCH_STATUSES - 1;
    load->stats.count[LK_BENCH_C_REFUSED]++;
    if (answer->extension == LK_EXT_LURK)
        tally->refused_lurk[status]++;
    else
        tally->refused_own[status]++;
}

/* By the rules of any client's (liblurk). False: not to be accepted. */
static bool answer_judge(struct lk_bench_load *load, const struct lk_bench_request *request,
                         const struct lk_header *header, struct lk_bytes message, uint64_t now_ns)
{
    const struct lk_header asked = {
        .designation = request->bytes[0], .version = request->bytes[1], .type = request->bytes[2]};
    struct lurk_answer answer;
    int judged = lk_answer_judge(&asked, header, message, &answer);
    if (judged == LURK_ERR_ANSWER) return false;
    bool malformed = request->exchange == LK_BENCH_MALFORMED, success = judged == LURK_OK;
    if (!success && !malformed)
        refusal_count(load, request, &answer);
    else if (success ? !malformed && payload_right(load, request, lk_bytes_in(answer.payload))
                     : malformed)
        answer_good(load, request, now_ns);
    else
        load->stats.count[LK_BENCH_C_WRONG]++;
    return true;
}

static void round_trip_learn(struct lk_bench_conn *conn, const struct lk_bench_request *request,
                             uint64_t now_ns)
{
    if (request->repeated) return; /* which of the sendings was answered is not known */
    uint64_t trip = now_ns - request->sent_ns;
    conn->srtt_ns = conn->srtt_ns ? conn->srtt_ns - conn->srtt_ns / 8 + trip / 8 : trip;
}

bool lk_bench_load_message(struct lk_bench_load *load, struct lk_bench_conn *conn,
                           struct lk_bytes message, uint64_t now_ns)
{
    static const enum lk_bench_count strays[LK_BENCH_MATCH_COUNT] = {
        [LK_BENCH_MATCH_DOUBLE] = LK_BENCH_C_DOUBLE,
        [LK_BENCH_MATCH_REPEAT] = LK_BENCH_C_REPEAT_ANSWERS,
        [LK_BENCH_MATCH_LATE] = LK_BENCH_C_LATE,
        [LK_BENCH_MATCH_UNKNOWN] = LK_BENCH_C_UNKNOWN,
    };
    struct lk_cursor c = lk_cursor_of(message);
    struct lk_header header;
    struct lk_bench_request *request = NULL;
    lk_header_read(&c, &header);
    if (c.bad || header.length != message.len) return false;
    enum lk_bench_match match = lk_bench_flight_match(&conn->flight, header.id, &request);
    if (match != LK_BENCH_MATCH_FOUND || header.status == LK_STATUS_REQUEST) {
        load->stats.count[match == LK_BENCH_MATCH_FOUND ? LK_BENCH_C_UNKNOWN : strays[match]]++;
        return true;
    }
    round_trip_learn(conn, request, now_ns);
    bool acceptable = answer_judge(load, request, &header, message, now_ns);
    if (acceptable) lk_bench_flight_release(&conn->flight, request, false);
    return acceptable;
}
