#include "tools/liblurk/client.h"

#include <stdlib.h>

#include "core/wire/registry.h"
#include "crypto/rng.h"
#include "tools/liblurk/answer.h"
#include "tools/liblurk/calls.h"
#include "tools/liblurk/framing.h"
#include "tools/liblurk/growing.h"

#define CALLS_DEFAULT 1024
#define QUEUE_BYTES_DEFAULT (1u << 20)
#define IN_BYTES_MAX (2 * LK_FRAMING_UNIT_BYTES_MAX)
#define REPEAT_NS_MIN UINT64_C(50000000) /* lurk.md 4 */

struct lurk_client {
    const struct lk_framing *framing;
    struct lk_calls calls;
    struct lk_growing in, out; /* out: streams only */
    size_t unit_bytes;         /* of in: what the last result borrows */
    size_t waiting_bytes, queue_bytes_max;
    uint64_t due_ns; /* nothing expires or repeats before it */
    uint64_t in_ns, out_ns, srtt_ns;
    int state;
    struct lk_rng rng;
    struct lurk_answer answer;
    struct lurk_counts counts;
};

struct lurk_client *lurk_client_new(const struct lurk_client_options *options)
{
    struct lurk_client_options own;
    if (!LK_FIELDS_TAKE(own, options) || own.calls_max > LK_CALLS_MAX) return NULL;
    const struct lk_framing *framing = lk_framing_get(own.framing);
    struct lurk_client *client = framing != NULL ? calloc(1, sizeof *client) : NULL;
    if (client == NULL) return NULL;
    client->framing = framing;
    client->due_ns = LURK_NEVER;
    client->queue_bytes_max = own.queue_bytes_max > 0 ? own.queue_bytes_max : QUEUE_BYTES_DEFAULT;
    client->out.max = client->queue_bytes_max;
    client->in.max = IN_BYTES_MAX;
    lk_rng_init(&client->rng);
    if (lk_calls_init(&client->calls, own.calls_max > 0 ? own.calls_max : CALLS_DEFAULT))
        return client;
    free(client);
    return NULL;
}

void lurk_client_free(struct lurk_client *client)
{
    if (client == NULL) return;
    lk_calls_fini(&client->calls);
    lk_growing_free(&client->in);
    lk_growing_free(&client->out);
    free(client);
}

/* --- lists, with what waits counted ------------------------------------------------------------
 */

static void wait_begin(struct lurk_client *client, struct lk_call *call)
{
    client->waiting_bytes += call->copy_bytes;
    lk_calls_move(&client->calls, call, LK_CALLS_WAITING);
}

static void wait_end(struct lurk_client *client, struct lk_call *call)
{
    if (call->list == LK_CALLS_WAITING) client->waiting_bytes -= call->copy_bytes;
}

static void call_end(struct lurk_client *client, struct lk_call *call, int outcome)
{
    wait_end(client, call);
    call->outcome = outcome;
    lk_calls_move(&client->calls, call, LK_CALLS_ENDED);
}

static void call_release(struct lurk_client *client, struct lk_call *call)
{
    wait_end(client, call);
    lk_calls_release(&client->calls, call);
    if (client->calls.count == 0) client->due_ns = LURK_NEVER;
}

static void due_lower(struct lurk_client *client, uint64_t at_ns)
{
    if (at_ns < client->due_ns) client->due_ns = at_ns;
}

/* --- submit ----------------------------------------------------------------------------------- */

static bool request_read(struct lk_bytes message, struct lk_header *header)
{
    struct lk_cursor c = lk_cursor_of(message);
    lk_header_read(&c, header);
    return !c.bad && header->length == message.len && message.len <= LK_MESSAGE_BYTES_MAX &&
           header->status == LK_STATUS_REQUEST;
}

/* Unpredictable (lurk.md 2), and of no call in flight. */
static bool id_draw(struct lurk_client *client, uint64_t *id)
{
    do {
        if (!lk_rng_bytes(&client->rng, id, sizeof *id)) return false;
    } while (lk_calls_find(&client->calls, *id) != NULL);
    return true;
}

static int id_set(struct lurk_client *client, const struct lurk_submit *submit,
                  struct lk_header *header)
{
    if (!submit->keep_id) return id_draw(client, &header->id) ? LURK_OK : LURK_ERR_CRYPTO;
    return lk_calls_find(&client->calls, header->id) == NULL ? LURK_OK : LURK_ERR_ARGUMENT;
}

/* Streams: the bytes go behind those that wait, and no copy stays. */
static int stream_put(struct lurk_client *client, const struct lk_header *header,
                      struct lk_bytes message, struct lk_call **call)
{
    uint8_t *to = lk_growing_room(&client->out, message.len);
    if (to == NULL) return LURK_ERR_FULL;
    *call = lk_calls_take(&client->calls, header, LK_CALLS_FLYING);
    memcpy(to, message.data, message.len);
    lurk_id_set(to, header->id);
    lk_growing_add(&client->out, message.len);
    (*call)->sends = 1;
    return LURK_OK;
}

static int unit_put(struct lurk_client *client, const struct lk_header *header,
                    struct lk_bytes message, struct lk_call **call)
{
    size_t head = client->framing->head_bytes;
    if (client->waiting_bytes + head + message.len > client->queue_bytes_max) return LURK_ERR_FULL;
    struct lk_call *taken = lk_calls_take(&client->calls, header, LK_CALLS_FLYING);
    if (!lk_calls_keep(taken, head + message.len)) {
        lk_calls_release(&client->calls, taken);
        return LURK_ERR_MEMORY;
    }
    memcpy(taken->copy + head, message.data, message.len);
    lurk_id_set(taken->copy + head, header->id);
    wait_begin(client, taken);
    *call = taken;
    return LURK_OK;
}

int lurk_client_submit(struct lurk_client *client, const struct lurk_submit *submit,
                       uint64_t now_ns, uint64_t *id)
{
    struct lurk_submit own;
    struct lk_header header;
    struct lk_call *call = NULL;
    if (!LK_FIELDS_TAKE(own, submit) || !request_read(lk_bytes_in(own.message), &header))
        return LURK_ERR_ARGUMENT;
    if (client->state != LURK_OK) return LURK_ERR_CLOSED;
    if (client->calls.count == client->calls.max) return LURK_ERR_FULL;
    int fault = id_set(client, &own, &header);
    if (fault == LURK_OK)
        fault = client->framing->keeps
                    ? unit_put(client, &header, lk_bytes_in(own.message), &call)
                    : stream_put(client, &header, lk_bytes_in(own.message), &call);
    if (fault < 0) return fault;
    call->token = own.token;
    call->submitted_ns = call->sent_ns = now_ns;
    call->deadline_ns = own.deadline_ns;
    due_lower(client, own.deadline_ns);
    client->counts.submitted++;
    if (id != NULL) *id = header.id;
    return LURK_OK;
}

int lurk_client_cancel(struct lurk_client *client, uint64_t id)
{
    struct lk_call *call = lk_calls_find(&client->calls, id);
    if (call == NULL) return LURK_ERR_STRAY;
    call_release(client, call);
    return LURK_OK;
}

/* --- time ------------------------------------------------------------------------------------- */

/* Ends a call whose deadline has come, queues one whose repeat is due. */
static void call_look(struct lurk_client *client, struct lk_call *call, uint64_t now_ns)
{
    if (now_ns >= call->deadline_ns) {
        call_end(client, call, LURK_ERR_TIMEOUT);
        client->counts.expired++;
        return;
    }
    due_lower(client, call->deadline_ns);
    if (!client->framing->repeats || call->list != LK_CALLS_FLYING) return;
    if (now_ns >= call->repeat_ns)
        wait_begin(client, call);
    else
        due_lower(client, call->repeat_ns);
}

static void list_look(struct lurk_client *client, enum lk_call_list list, uint64_t now_ns)
{
    struct lk_call *call = lk_calls_first(&client->calls, list);
    while (call != NULL) {
        struct lk_call *next = lk_calls_at(&client->calls, call->next);
        call_look(client, call, now_ns);
        call = next;
    }
}

/* Looks at every call, but only when one of them may be due: due_ns is never too late. */
static void turn(struct lurk_client *client, uint64_t now_ns)
{
    if (now_ns < client->due_ns) return;
    client->due_ns = LURK_NEVER;
    list_look(client, LK_CALLS_WAITING, now_ns);
    list_look(client, LK_CALLS_FLYING, now_ns);
}

uint64_t lurk_client_due_ns(const struct lurk_client *client)
{
    bool ended = client->calls.list[LK_CALLS_ENDED].first != LK_CALL_NONE;
    return ended ? 0 : client->due_ns;
}

/* Karn: of what was repeated nobody knows which sending was answered. */
static void round_trip_learn(struct lurk_client *client, const struct lk_call *call)
{
    if (call->sends != 1 || client->in_ns < call->sent_ns) return;
    uint64_t trip = client->in_ns - call->sent_ns;
    client->srtt_ns = client->srtt_ns > 0 ? client->srtt_ns - client->srtt_ns / 8 + trip / 8 : trip;
}

/* --- out -------------------------------------------------------------------------------------- */

struct lurk_bytes lurk_client_output(struct lurk_client *client, uint64_t now_ns)
{
    client->out_ns = now_ns;
    turn(client, now_ns);
    if (client->state != LURK_OK) return (struct lurk_bytes){.data = NULL, .len = 0};
    if (!client->framing->keeps) return lk_bytes_out(lk_growing_bytes(&client->out));
    struct lk_call *call = lk_calls_first(&client->calls, LK_CALLS_WAITING);
    if (call == NULL) return (struct lurk_bytes){.data = NULL, .len = 0};
    if (client->framing->head_write != NULL)
        client->framing->head_write(&client->calls, call, now_ns);
    return (struct lurk_bytes){.data = call->copy, .len = call->copy_bytes};
}

void lurk_client_sent(struct lurk_client *client, size_t bytes)
{
    if (!client->framing->keeps) {
        size_t there = client->out.len - client->out.at;
        if (bytes > 0) lk_growing_drop(&client->out, bytes < there ? bytes : there);
        return;
    }
    struct lk_call *call = lk_calls_first(&client->calls, LK_CALLS_WAITING);
    if (call == NULL) return;
    uint64_t pause = 3 * client->srtt_ns > REPEAT_NS_MIN ? 3 * client->srtt_ns : REPEAT_NS_MIN;
    client->counts.repeated += call->sends > 0;
    call->sends++;
    call->sent_ns = client->out_ns;
    call->repeat_wait_ns = call->repeat_wait_ns > 0 ? 2 * call->repeat_wait_ns : pause;
    call->repeat_ns = client->out_ns + call->repeat_wait_ns;
    wait_end(client, call);
    lk_calls_move(&client->calls, call, LK_CALLS_FLYING);
    if (client->framing->repeats) due_lower(client, call->repeat_ns);
}

bool lk_client_waiting(const struct lurk_client *client)
{
    if (client->state != LURK_OK) return false;
    return client->out.len > client->out.at ||
           client->calls.list[LK_CALLS_WAITING].first != LK_CALL_NONE;
}

/* --- in --------------------------------------------------------------------------------------- */

/* What the last result borrowed is not needed any more. */
static void unit_drop(struct lurk_client *client)
{
    if (client->unit_bytes > 0) lk_growing_drop(&client->in, client->unit_bytes);
    client->unit_bytes = 0;
}

uint8_t *lk_client_room(struct lurk_client *client, size_t *room)
{
    unit_drop(client);
    size_t there = client->in.len - client->in.at;
    size_t want = client->framing->sound != NULL ? LK_FRAMING_UNIT_BYTES_MAX
                                                 : LK_FRAMING_PIECE_BYTES;
    uint8_t *at = client->state == LURK_OK && there + want <= client->in.max
                      ? lk_growing_room(&client->in, want)
                      : NULL;
    *room = at != NULL ? want : 0;
    return at;
}

static void calls_fail(struct lurk_client *client, int why);

void lk_client_filled(struct lurk_client *client, size_t len, uint64_t now_ns)
{
    const struct lk_framing *framing = client->framing;
    struct lk_bytes unit = lk_bytes_of(client->in.data + client->in.len, len);
    client->in_ns = now_ns;
    if (framing->sound == NULL || framing->sound(unit)) {
        lk_growing_add(&client->in, len);
        return;
    }
    client->counts.malformed++;
    if (!framing->trusts) return;
    client->state = LURK_ERR_ANSWER;
    calls_fail(client, LURK_ERR_CLOSED);
}

int lurk_client_input(struct lurk_client *client, const void *bytes, size_t len, uint64_t now_ns)
{
    bool stream = client->framing->sound == NULL;
    const uint8_t *from = bytes;
    size_t done = 0, room;
    if (client->state != LURK_OK) return LURK_ERR_CLOSED;
    if (!stream && len > LK_FRAMING_UNIT_BYTES_MAX) return LURK_ERR_ARGUMENT;
    while (done < len) {
        uint8_t *to = lk_client_room(client, &room);
        if (to == NULL) break;
        size_t piece = len - done < room ? len - done : room;
        memcpy(to, from + done, piece);
        lk_client_filled(client, piece, now_ns);
        done += piece;
    }
    return done == 0 && len > 0 && !stream ? LURK_ERR_FULL : (int)done;
}

/* --- results ---------------------------------------------------------------------------------- */

static void result_fill(const struct lk_call *call, uint64_t until_ns, int outcome,
                        const struct lurk_answer *answer, struct lurk_result *result)
{
    bool forward = until_ns > call->submitted_ns;
    const struct lurk_result own = {.outcome = outcome,
                                    .id = call->header.id,
                                    .token = call->token,
                                    .answer = answer,
                                    .elapsed_ns = forward ? until_ns - call->submitted_ns : 0,
                                    .sends = call->sends};
    (void)LK_FIELDS_GIVE(result, own);
}

/* The connection has to go: this call is the reason, the others go with it. */
static bool unit_refuse(struct lurk_client *client, struct lk_call *call)
{
    client->state = LURK_ERR_ANSWER;
    if (call != NULL) call_end(client, call, LURK_ERR_ANSWER);
    calls_fail(client, LURK_ERR_CLOSED);
    return false;
}

/* An agent's word instead of an answer. */
static bool unit_outcome(struct lurk_client *client, const struct lk_unit *unit,
                         struct lurk_result *result)
{
    struct lk_call *call = lk_calls_find_tag(&client->calls, unit->tag);
    if (call == NULL) {
        client->counts.strays++;
        return false;
    }
    if (unit->outcome == LURK_ERR_LEAVING) { /* to be asked again over a new connection */
        client->state = LURK_ERR_LEAVING;
        call->outcome = LURK_ERR_LEAVING;
        return false;
    }
    result_fill(call, client->in_ns, unit->outcome, NULL, result);
    client->counts.failed++;
    call_release(client, call);
    return true;
}

static bool unit_answer(struct lurk_client *client, const struct lk_unit *unit,
                        struct lurk_result *result)
{
    struct lk_cursor c = lk_cursor_of(unit->message);
    struct lk_header header;
    lk_header_read(&c, &header);
    struct lk_call *call = lk_calls_find(&client->calls, header.id);
    if (call == NULL) {
        client->counts.strays++;
        return false;
    }
    int judged = lk_answer_judge(&call->header, &header, unit->message, &client->answer);
    if (judged == LURK_ERR_STRAY) {
        client->counts.strays++;
        return false;
    }
    if (judged == LURK_ERR_ANSWER) return unit_refuse(client, call);
    round_trip_learn(client, call);
    result_fill(call, client->in_ns, judged, &client->answer, result);
    client->counts.answered++;
    client->counts.refused += judged < 0;
    call_release(client, call);
    return true;
}

/* Answers that came, until one is a result. */
static bool answer_take(struct lurk_client *client, struct lurk_result *result)
{
    struct lk_unit unit;
    while (client->state == LURK_OK) {
        unit_drop(client);
        enum lk_cut cut = client->framing->next(lk_growing_bytes(&client->in), &unit);
        if (cut == LK_CUT_MORE) return false;
        if (cut == LK_CUT_LOST) return unit_refuse(client, NULL);
        client->unit_bytes = unit.bytes;
        bool taken = unit.outcome != LURK_OK ? unit_outcome(client, &unit, result)
                                             : unit_answer(client, &unit, result);
        if (taken) return true;
    }
    return false;
}

static bool ended_take(struct lurk_client *client, uint64_t now_ns, struct lurk_result *result)
{
    struct lk_call *call = lk_calls_first(&client->calls, LK_CALLS_ENDED);
    if (call == NULL) return false;
    result_fill(call, now_ns, call->outcome, NULL, result);
    client->counts.failed += call->outcome != LURK_ERR_TIMEOUT;
    lk_calls_release(&client->calls, call);
    return true;
}

bool lurk_client_take(struct lurk_client *client, uint64_t now_ns, struct lurk_result *result)
{
    size_t size = result != NULL ? result->size : 0;
    if (size < sizeof *result) return false;
    if (answer_take(client, result)) return true;
    turn(client, now_ns);
    return ended_take(client, now_ns, result);
}

/* --- the connection --------------------------------------------------------------------------- */

static const enum lk_call_list live[] = {LK_CALLS_WAITING, LK_CALLS_FLYING};

static void calls_fail(struct lurk_client *client, int why)
{
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
        struct lk_call *call;
        while ((call = lk_calls_first(&client->calls, live[i])) != NULL)
            call_end(client, call, call->outcome != LURK_OK ? call->outcome : why);
    }
}

int lurk_client_state(const struct lurk_client *client)
{
    return client->state;
}

void lurk_client_fail(struct lurk_client *client, enum lurk_error why)
{
    if (client->state == LURK_OK || client->state == LURK_ERR_LEAVING)
        client->state = why < 0 ? (int)why : LURK_ERR_CLOSED;
    calls_fail(client, client->state);
}

bool lk_client_resendable(const struct lurk_client *client)
{
    if (!client->framing->keeps) return false;
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
        const struct lk_call *call = lk_calls_first(&client->calls, live[i]);
        while (call != NULL && call->resent)
            call = lk_calls_at(&client->calls, call->next);
        if (call != NULL) return true;
    }
    return false;
}

/* Each once: who was asked twice and went away twice will not answer a third time. */
static void call_again(struct lurk_client *client, struct lk_call *call)
{
    if (call->resent) {
        call_end(client, call, call->outcome != LURK_OK ? call->outcome : LURK_ERR_CLOSED);
        return;
    }
    call->resent = true;
    call->outcome = LURK_OK;
    call->repeat_wait_ns = 0;
    if (call->list == LK_CALLS_FLYING) wait_begin(client, call);
}

/* What flies goes behind what waits. */
static void calls_queue_again(struct lurk_client *client)
{
    struct lk_calls *calls = &client->calls;
    struct lk_call *call = lk_calls_first(calls, LK_CALLS_WAITING);
    while (call != NULL) {
        struct lk_call *next = lk_calls_at(calls, call->next);
        call_again(client, call);
        call = next;
    }
    while ((call = lk_calls_first(calls, LK_CALLS_FLYING)) != NULL)
        call_again(client, call);
}

void lurk_client_reset(struct lurk_client *client, bool keep)
{
    client->state = LURK_OK;
    client->unit_bytes = 0;
    if (client->in.len > client->in.at)
        lk_growing_drop(&client->in, client->in.len - client->in.at);
    if (client->out.len > client->out.at)
        lk_growing_drop(&client->out, client->out.len - client->out.at);
    if (keep && client->framing->keeps)
        calls_queue_again(client);
    else
        calls_fail(client, LURK_ERR_CLOSED);
}

/* --- figures ---------------------------------------------------------------------------------- */

uint32_t lurk_client_calls(const struct lurk_client *client)
{
    return client->calls.count;
}

uint64_t lurk_client_rtt_ns(const struct lurk_client *client)
{
    return client->srtt_ns;
}

void lurk_client_counts(const struct lurk_client *client, struct lurk_counts *counts)
{
    (void)LK_FIELDS_GIVE(counts, client->counts);
}
