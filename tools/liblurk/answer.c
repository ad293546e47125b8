/* answer: what an answer is worth, by the rules of lurk.md 6, and the payloads that are not of one
 * extension alone. */
#include <string.h>

#include "core/wire/header.h"
#include "core/wire/lurk.h"
#include "tools/liblurk/answer.h"

/* A status other than success: under the message layer's name or the request's own (rule 4). */
static int fault_judge(const struct lk_header *request, const struct lk_header *header,
                       struct lk_bytes payload, struct lurk_answer *answer)
{
    bool layer = header->designation == LK_EXT_LURK && header->version == LK_LURK_VERSION;
    bool own = header->designation == request->designation && header->version == request->version;
    if ((!layer && !own) || header->type != request->type) return LURK_ERR_ANSWER;
    if (payload.len != 0 && payload.len != LK_STATE_BYTES) return LURK_ERR_ANSWER;
    answer->has_state = payload.len == LK_STATE_BYTES;
    if (answer->has_state) memcpy(answer->state, payload.data, LK_STATE_BYTES);
    return layer && header->status == LK_LURK_TEMPORARY_FAILURE ? LURK_ERR_BUSY : LURK_ERR_REFUSED;
}

int lk_answer_judge(const struct lk_header *request, const struct lk_header *header,
                    struct lk_bytes message, struct lurk_answer *answer)
{
    if (header->status == LK_STATUS_REQUEST) return LURK_ERR_STRAY;
    struct lk_bytes payload = lk_bytes_of(message.data + LK_HEADER_BYTES,
                                          message.len - LK_HEADER_BYTES);
    *answer = (struct lurk_answer){.size = sizeof *answer,
                                   .extension = header->designation,
                                   .type = header->type,
                                   .status = header->status,
                                   .message = lk_bytes_out(message)};
    if (header->status != LK_STATUS_SUCCESS) return fault_judge(request, header, payload, answer);
    bool same = header->designation == request->designation &&
                header->version == request->version && header->type == request->type;
    answer->payload = lk_bytes_out(payload);
    return same ? LURK_OK : LURK_ERR_ANSWER;
}

int lurk_answer_judge(const uint8_t request[LURK_HEADER_BYTES], struct lurk_bytes message,
                      struct lurk_answer *answer)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(request, LK_HEADER_BYTES));
    struct lk_cursor m = lk_cursor_of(lk_bytes_in(message));
    struct lk_header asked, header;
    struct lurk_answer own = {0};
    lk_header_read(&c, &asked);
    lk_header_read(&m, &header);
    int judged = LURK_ERR_ANSWER;
    if (!m.bad && header.length == message.len)
        judged = header.id == asked.id
                     ? lk_answer_judge(&asked, &header, lk_bytes_in(message), &own)
                     : LURK_ERR_STRAY;
    return LK_FIELDS_GIVE(answer, own) ? judged : LURK_ERR_ARGUMENT;
}

int lk_answer_payload(const struct lurk_answer *answer, uint8_t extension, uint8_t type,
                      struct lk_bytes *payload)
{
    struct lurk_answer own;
    if (!LK_FIELDS_TAKE(own, answer)) return LURK_ERR_ARGUMENT;
    if (own.status != LK_STATUS_SUCCESS || own.extension != extension || own.type != type)
        return LURK_ERR_ARGUMENT;
    *payload = lk_bytes_in(own.payload);
    return LURK_OK;
}

int lk_answer_state(const struct lurk_answer *answer, uint8_t extension, struct lk_bytes *payload,
                    struct lk_bytes *state)
{
    int fault = lk_answer_payload(answer, extension, LURK_TYPE_CAPABILITIES, payload);
    if (fault < 0) return fault;
    if (payload->len < LK_STATE_BYTES) return LURK_ERR_ANSWER;
    payload->len -= LK_STATE_BYTES;
    *state = lk_bytes_of(payload->data + payload->len, LK_STATE_BYTES);
    return LURK_OK;
}

int lurk_ping_read(const struct lurk_answer *answer)
{
    struct lk_bytes payload;
    if (answer == NULL) return LURK_ERR_ARGUMENT;
    int fault = lk_answer_payload(answer, answer->extension, LURK_TYPE_PING, &payload);
    if (fault < 0) return fault;
    return payload.len == 0 ? LURK_OK : LURK_ERR_ANSWER;
}

int lurk_capabilities_read(const struct lurk_answer *answer, struct lurk_capabilities *out)
{
    struct lk_bytes payload;
    struct lk_lurk_capabilities read;
    int fault = lk_answer_payload(answer, LURK_LURK, LURK_TYPE_CAPABILITIES, &payload);
    if (fault < 0) return fault;
    if (!lk_lurk_capabilities_parse(payload, &read)) return LURK_ERR_ANSWER;
    struct lurk_capabilities own = {.extensions = lk_bytes_out(read.extensions)};
    memcpy(own.state, read.state, sizeof own.state);
    return LK_FIELDS_GIVE(out, own) ? LURK_OK : LURK_ERR_ARGUMENT;
}
