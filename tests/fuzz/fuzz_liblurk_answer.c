/* Any bytes as what a key server, or an agent, sends back to calls in flight: the first byte says
 * over which framing, the next two how long the pieces are. The ids of the calls are known, 7e ..
 * 7e 00 to 7e .. 7e 09, since no fuzzer guesses one. Every call ends in exactly one result. */
#include <string.h>

#include "core/base/err.h"
#include "tools/liblurk/lurk.h"

#define CALLS 10
#define NOW UINT64_C(1000000000)
#define LATER UINT64_C(9000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t ids[CALLS];
static unsigned ended[CALLS];

static void submit_all(struct lurk_client *client)
{
    static const uint8_t exchanges[CALLS][2] = {{0, 0}, {0, 1},   {1, 0},   {1, 2}, {1, 6},
                                                {2, 2}, {240, 2}, {240, 4}, {2, 0}, {240, 0}};
    for (size_t i = 0; i < CALLS; i++) {
        uint8_t request[16] = {exchanges[i][0],
                               1,
                               exchanges[i][1],
                               0,
                               0x7e,
                               0x7e,
                               0x7e,
                               0x7e,
                               0x7e,
                               0x7e,
                               0x7e,
                               (uint8_t)i,
                               0,
                               0,
                               0,
                               16};
        struct lurk_submit submit = {.size = sizeof submit,
                                     .message = {request, sizeof request},
                                     .deadline_ns = LATER,
                                     .token = &ended[i],
                                     .keep_id = true};
        LK_ASSERT(lurk_client_submit(client, &submit, NOW, &ids[i]) == LURK_OK);
        ended[i] = 0;
    }
    struct lurk_bytes out;
    while ((out = lurk_client_output(client, NOW)).len > 0)
        lurk_client_sent(client, out.len);
}

/* Every reader on every answer: at most one of them takes it for its own. */
static void answer_read(const struct lurk_answer *answer)
{
    uint8_t secret[LURK_MASTER_BYTES];
    struct lurk_bytes signature;
    struct lurk_capabilities capabilities = {.size = sizeof capabilities};
    struct lurk_tls12_capability entry[4];
    struct lurk_tls13_signed tls13_signed = {.size = sizeof tls13_signed};
    struct lurk_tls13_capabilities tls13 = {.size = sizeof tls13};
    struct lurk_split_capabilities split = {.size = sizeof split};
    size_t count;
    for (size_t i = 0; i < 4; i++)
        entry[i].size = sizeof entry[i];
    int taken = (lurk_ping_read(answer) == LURK_OK) +
                (lurk_tls12_master_read(answer, secret) == LURK_OK) +
                (lurk_signature_read(answer, &signature) == LURK_OK) +
                (lurk_capabilities_read(answer, &capabilities) == LURK_OK) +
                (lurk_tls12_capabilities_read(answer, entry, 4, &count, NULL) == LURK_OK) +
                (lurk_tls13_s_init_cert_verify_read(answer, &tls13_signed) == LURK_OK) +
                (lurk_tls13_capabilities_read(answer, &tls13) == LURK_OK) +
                (lurk_split_premaster_read(answer, secret) == LURK_OK) +
                (lurk_split_capabilities_read(answer, &split) == LURK_OK);
    LK_ASSERT(taken <= 1);
}

static void take_all(struct lurk_client *client, uint64_t now_ns)
{
    struct lurk_result result = {.size = sizeof result};
    while (lurk_client_take(client, now_ns, &result)) {
        unsigned *which = result.token;
        LK_ASSERT(which >= ended && which < ended + CALLS && result.id == ids[which - ended]);
        LK_ASSERT((*which)++ == 0);
        bool answered = result.outcome == LURK_OK || result.outcome == LURK_ERR_REFUSED ||
                        result.outcome == LURK_ERR_BUSY;
        LK_ASSERT(answered == (result.answer != NULL));
        if (answered) answer_read(result.answer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) return 0;
    struct lurk_client_options options = {
        .size = sizeof options, .framing = (enum lurk_framing)(data[0] % 3), .calls_max = CALLS};
    struct lurk_client *client = lurk_client_new(&options);
    size_t piece = (size_t)data[1] * 256 + data[2] + 1;
    LK_ASSERT(client != NULL);
    submit_all(client);
    for (size_t at = 3; at < size; at += piece) {
        size_t len = size - at < piece ? size - at : piece;
        int taken = lurk_client_input(client, data + at, len, NOW);
        LK_ASSERT(taken <= (int)len);
        take_all(client, NOW);
    }
    take_all(client, LATER);
    for (size_t i = 0; i < CALLS; i++)
        LK_ASSERT(ended[i] == 1);
    LK_ASSERT(lurk_client_calls(client) == 0);
    lurk_client_free(client);
    return 0;
}
