/* answer: the judgement of answers as the files of liblurk use it among themselves.
 * Thread any. Allocates nothing. Source lurk.md 6. */
#ifndef LK_TOOLS_LIBLURK_ANSWER_H
#define LK_TOOLS_LIBLURK_ANSWER_H

#include "core/wire/header.h"
#include "tools/liblurk/fields.h"
#include "tools/liblurk/message.h"

/* lurk_answer_judge where both headers were read already, the message's length and id compared. Of
 * the request's header designation, version and type count. *answer is ours, whole. */
int lk_answer_judge(const struct lk_header *request, const struct lk_header *header,
                    struct lk_bytes message, struct lurk_answer *answer);

/* The payload of a success of this exchange. Errors LURK_ERR_ARGUMENT */
int lk_answer_payload(const struct lurk_answer *answer, uint8_t extension, uint8_t type,
                      struct lk_bytes *payload);

/* The payload of a capabilities answer in two: what the state is made of, and the state.
 * Errors LURK_ERR_ARGUMENT · LURK_ERR_ANSWER: too short for a state */
int lk_answer_state(const struct lurk_answer *answer, uint8_t extension, struct lk_bytes *payload,
                    struct lk_bytes *state);

#endif
