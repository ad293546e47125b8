/* answer: the judgement of answers as the files of liblurk use it among themselves.
 * Thread any. Allocates nothing. Source lurk.md 6. */
#ifndef LK_TOOLS_LIBLURK_ANSWER_H
#define LK_TOOLS_LIBLURK_ANSWER_H

#include "core/wire/header.h"
#include "tools/liblurk/fields.h"
#include "tools/liblurk/message.h"

/* lurk_answer_judge against a request's header that was read already. *answer is ours, whole. */
int lk_answer_judge(const struct lk_header *request, struct lk_bytes message,
                    struct lurk_answer *answer);

/* The payload of a success of this exchange. Errors LURK_ERR_ARGUMENT */
int lk_answer_payload(const struct lurk_answer *answer, uint8_t extension, uint8_t type,
                      struct lk_bytes *payload);

#endif
