/* Messages cut and judged, and what is answered without a key. */
#include "tests/unit/io/intake_desk.inc.c"

static bool no_job(struct desk *d)
{
    return !lk_ring_waiting(&d->from_loop);
}

/* --- lurk.md 8 ------------------------------------------------------------------------------- */

static const struct {
    const char *what;
    uint8_t request[17];
    uint8_t len;
    uint8_t answer[16]; /* and the state behind it where length says so */
} known[] = {
    {"lurk ping",
     {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16}},
    {"tls12 ping",
     {1, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {1, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16}},
    {"designation 9",
     {9, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 1, 4, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"tls12 version 2",
     {1, 2, 2, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 2, 4, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"status 1",
     {1, 1, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 2, 6, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"type 99",
     {1, 1, 99, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 99, 5, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"lurk type 2",
     {0, 1, 2, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 2, 5, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"tls12 ping and a byte",
     {1, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 17, 0x78},
     17,
     {1, 1, 1, 3, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"lurk ping and a byte",
     {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 17, 0x78},
     17,
     {0, 1, 1, 3, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"extension before status and type",
     {9, 1, 99, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 99, 4, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"status before type",
     {1, 1, 99, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 99, 6, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
};

static void check_known(const struct desk *d, size_t i)
{
    const struct lk_edge *edge = d->conn->edge;
    if (d->out_len != known[i].answer[15]) print_message("%s\n", known[i].what);
    assert_int_equal(d->out_len, known[i].answer[15]);
    assert_memory_equal(d->out, known[i].answer, 16);
    if (d->out_len == 16) return;
    assert_memory_equal(
        d->out + 16, lk_edge_state(edge, d->out[0] == 0 ? LK_EXTENSION_LURK : LK_EXTENSION_TLS12, LK_MESSAGE_BYTES_MAX).data, 4);
}

static void intake_answers_faults_as_the_reference_has_them(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        ask(d, known[i].request, known[i].len);
        check_known(d, i);
        assert_int_equal(d->conn->state, LK_CONN_OPEN);
    }
    close_desk(d);
}

static void intake_capabilities_are_the_edges_own(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    static const uint8_t lurk[16] = {0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    static const uint8_t answer[24] = {0, 1, 0, 1,  0, 1, 2, 3, 4, 5, 6,   7,
                                       0, 0, 0, 28, 0, 6, 0, 1, 1, 1, 240, 1};
    ask(d, lurk, 16);
    assert_int_equal(d->out_len, 28);
    assert_memory_equal(d->out, answer, sizeof answer);
    static const uint8_t tls12[16] = {1, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    ask(d, tls12, 16);
    assert_int_equal(d->out_len, 16 + d->conn->edge->capabilities[LK_EXTENSION_TLS12][0].len);
    assert_memory_equal(d->out + d->out_len - 4, lk_edge_state(d->conn->edge, LK_EXTENSION_TLS12, LK_MESSAGE_BYTES_MAX).data, 4);
    close_desk(d);
}

/* lurk.md 5.5 */
static void intake_calls_a_closed_type_unknown(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){
        .generation = 1,
        .rules = "- {name: sign, tenant: a, edges: all, keys: [p], exchanges: [tls12.ecdhe]}\n"});
    uint8_t request[512];
    size_t len = rsa_master(request, 1);
    ask(d, request, len);
    static const uint8_t answer[16] = {0, 1, 2, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 20};
    assert_int_equal(d->out_len, 20);
    assert_memory_equal(d->out, answer, 16);
    close_desk(d);
}

static uint64_t denials(const struct desk *d)
{
    return lk_test_front_count(&(struct lk_test_front){.counters = d->counters}, LK_C_POLICY_DENIED);
}

/* What is closed is a denial, whole or in pieces; what nobody serves is none. */
static void intake_counts_a_closed_type_as_denied(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){
        .generation = 1,
        .rules = "- {name: sign, tenant: a, edges: all, keys: [p], exchanges: [tls12.ecdhe]}\n"});
    uint8_t request[512];
    size_t len = rsa_master(request, 1);
    ask(d, request, len);
    assert_int_equal(denials(d), 1);
    lk_intake_stream(d->conn, lk_bytes_of(request, 40));
    assert_int_equal(denials(d), 2);
    lk_intake_stream(d->conn, lk_bytes_of(request + 40, len - 40));
    assert_int_equal(denials(d), 2);
    request[2] = 99; /* a type of nobody */
    ask(d, request, len);
    request[2] = 2;
    request[3] = 1; /* no request */
    ask(d, request, len);
    assert_int_equal(denials(d), 2);
    close_desk(d);
}

/* With no exchange of the extension open, the extension itself is unknown to the edge. */
static void intake_counts_a_closed_extension_as_denied(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1, .rules = "  []\n"});
    uint8_t request[512];
    size_t len = rsa_master(request, 1);
    ask(d, request, len);
    assert_int_equal(d->out[3], LK_LURK_INVALID_EXTENSION);
    assert_int_equal(denials(d), 1);
    close_desk(d);
}

/* --- faults of the payload that need no key --------------------------------------------------- */

static uint8_t status_of(struct desk *d, const uint8_t *request, size_t len)
{
    ask(d, request, len);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[0], 1); /* under the request's own designation */
    assert_memory_equal(d->out + 16, lk_edge_state(d->conn->edge, LK_EXTENSION_TLS12, LK_MESSAGE_BYTES_MAX).data, 4);
    assert_true(no_job(d));
    return d->out[3];
}

static void intake_judges_rsa_master_in_the_prescribed_order(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    /* From the last fault to the first: each added one wins over those before. */
    size_t len = rsa_master(request, 1);
    lk_test_rsa_master(request, 1, NOW_S + 61);
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_TLS_RANDOM);
    request[22] = 1; /* sha384: the rule gives sha256 only */
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    request[21] = 255;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_FRESHNESS_FUNCT);
    request[17] ^= 1;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_KEY_ID);
    request[16] = 7;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_KEY_ID_TYPE);
    assert_int_equal(
        lk_test_front_count(&(struct lk_test_front){.counters = d->counters}, LK_C_POLICY_DENIED),
        1);
    close_desk(d);
}

/* 16 + 70 + 2 + 69 + 1 bytes: P-256, no proof. */
static size_t ecdhe(uint8_t *to, int64_t time, uint16_t scheme)
{
    struct lk_writer w = lk_writer_of(to, 512);
    struct lk_header header = {.designation = 1, .version = 1, .type = 6, .id = 1, .length = 158};
    lk_header_write(&w, &header);
    lk_writer_u8(&w, 0);
    lk_writer_put(&w, LK_TEST_EC_ID, LK_KEY_ID_BYTES);
    lk_writer_u8(&w, 0);
    memset(lk_writer_room(&w, 32), 0xc1, 32);
    lk_writer_u32(&w, (uint32_t)time);
    memset(lk_writer_room(&w, 28), 0x5e, 28);
    lk_writer_u16(&w, scheme);
    lk_writer_u8(&w, 3);
    lk_writer_u16(&w, LK_GROUP_SECP256R1);
    lk_writer_u8(&w, 65);
    memset(lk_writer_room(&w, 65), 4, 65);
    lk_writer_u8(&w, 0);
    assert_int_equal(w.len, 158);
    return w.len;
}

static void intake_judges_ecdhe_in_the_prescribed_order(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    uint64_t ref;
    size_t len = ecdhe(request, NOW_S + 10, 0x0403);
    ask(d, request, len);
    assert_int_equal(d->out_len, 0);
    assert_int_equal(next_job(d, &ref)->exchange, LK_X_TLS12_ECDHE);
    ecdhe(request, NOW_S + 10, 0x0503); /* sha384: the rule gives sha256 only */
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    ecdhe(request, NOW_S + 11, 0x0503);
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_TLS_RANDOM);
    request[21] = 255;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_FRESHNESS_FUNCT);
    memcpy(request + 17, LK_TEST_RSA_ID, 4); /* a key kept for decryption */
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_KEY_ID);
    request[len - 1] = 3;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_POO_PRF);
    request[90] = 0xff;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_EC_CURVE);
    request[88] = 1;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_EC_TYPE);
    close_desk(d);
}

static void intake_window_is_inclusive_and_signed(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    static const struct {
        int64_t time;
        bool inside;
    } rows[] = {{NOW_S - 61, false}, {NOW_S - 60, true}, {NOW_S + 60, true},
                {NOW_S + 61, false}, {0, false},         {UINT32_MAX, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = lk_test_rsa_master(request, i, (uint32_t)rows[i].time);
        ask(d, request, len);
        assert_int_equal(d->out_len, rows[i].inside ? 0 : 20);
    }
    close_desk(d);
}

static uint32_t skewed(const struct lk_skew *skew, int64_t limit_s)
{
    for (unsigned i = 0; i < LK_SKEW_CELLS; i++)
        if (lk_skew_limit_s(i) == limit_s) return lk_skew_count(skew, i);
    return UINT32_MAX;
}

static void intake_counts_the_skew_of_an_edge_inside_and_outside_the_window(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    static const int64_t skews_s[] = {0, 0, 75, -4, 60, -100000};
    for (size_t i = 0; i < sizeof skews_s / sizeof skews_s[0]; i++)
        ask(d, request, lk_test_rsa_master(request, i, (uint32_t)(NOW_S + skews_s[i])));
    const struct lk_skew *own = &d->counters->edge_skew[lk_conn_edge(d->conn)->index];
    const struct lk_skew *both[] = {own, &d->counters->skew};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(skewed(both[i], 0), 2);
        assert_int_equal(skewed(both[i], 300), 1);
        assert_int_equal(skewed(both[i], -3), 1);
        assert_int_equal(skewed(both[i], 60), 1);
        assert_int_equal(skewed(both[i], -3601), 1);
    }
    close_desk(d);
}

/* --- streams -------------------------------------------------------------------------------- */

/* A ping, a fault with a payload, an rsa_master and a ping, cut at every pair of places. */
static void intake_finds_messages_however_they_are_cut(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t stream[512], master[512];
    size_t len = 0, master_len = rsa_master(master, 7);
    memcpy(stream, known[0].request, 16);
    len = 16;
    memcpy(stream + len, known[7].request, 17);
    len += 17;
    memcpy(stream + len, master, master_len);
    len += master_len;
    memcpy(stream + len, known[1].request, 16);
    len += 16;
    for (size_t cut = 0; cut <= len; cut++) {
        size_t second = cut + (len - cut) / 3;
        d->out_len = 0;
        lk_intake_stream(d->conn, lk_bytes_of(stream, cut));
        lk_intake_stream(d->conn, lk_bytes_of(stream + cut, second - cut));
        lk_intake_stream(d->conn, lk_bytes_of(stream + second, len - second));
        assert_int_equal(d->out_len, 16 + 20 + 16);
        uint64_t ref;
        struct lk_slot *slot = next_job(d, &ref);
        assert_int_equal(slot->job_bytes, master_len - 16);
        assert_memory_equal(slot->body, master + 16, master_len - 16);
        finish(d, slot, ref, FORTY_EIGHT);
        assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 1);
        assert_memory_equal(d->out + d->out_len - 48, FORTY_EIGHT, 48);
    }
    assert_null(d->conn->part);
    close_desk(d);
}

static void intake_finds_messages_byte_by_byte(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t master[512];
    size_t len = rsa_master(master, 7);
    for (size_t i = 0; i < len; i++)
        lk_intake_stream(d->conn, lk_bytes_of(master + i, 1));
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref);
    assert_memory_equal(slot->body, master + 16, len - 16);
    close_desk(d);
}

static void intake_loses_the_cut_once_and_closes(void **state)
{
    (void)state;
    static const uint8_t lengths[][4] = {
        {0, 0, 0, 0}, {0, 0, 0, 15}, {0, 1, 0, 0}, {255, 255, 255, 255}};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
        uint8_t stream[32];
        memcpy(stream, known[0].request, 16);
        memcpy(stream + 12, lengths[i], 4);
        memcpy(stream + 16, known[0].request, 16);
        ask(d, stream, sizeof stream);
        static const uint8_t answer[16] = {0, 1, 1, 3, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20};
        assert_int_equal(d->out_len, 20);
        assert_memory_equal(d->out, answer, 16);
        assert_int_equal(d->conn->state, LK_CONN_CLOSING);
        close_desk(d);
    }
}

static void intake_skips_a_refused_message_by_its_length(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t head[16] = {9, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0xff, 0xff};
    uint8_t rest[1024] = {0};
    ask(d, head, 16);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[3], LK_LURK_INVALID_EXTENSION);
    assert_null(d->conn->part); /* nothing is kept for it */
    for (size_t left = 65535 - 16; left > 0;) {
        size_t n = left < sizeof rest ? left : sizeof rest;
        lk_intake_stream(d->conn, lk_bytes_of(rest, n));
        left -= n;
    }
    ask(d, known[0].request, 16);
    check_known(d, 0);
    close_desk(d);
}

static void intake_refuses_pieces_beyond_its_pool(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    struct lk_part *held[LK_PARTS_LARGE_PER_LOOP];
    for (size_t i = 0; i < LK_PARTS_LARGE_PER_LOOP; i++)
        held[i] = lk_part_take(&d->peers.parts, LK_PART_LARGE_BYTES, LK_SHARE_NOBODY);
    uint8_t head[16] = {1, 1, 3, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0x40, 0};
    ask(d, head, 16);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[3], LK_LURK_TEMPORARY_FAILURE);
    assert_int_equal(d->conn->skip, 0x4000 - 16);
    for (size_t i = 0; i < LK_PARTS_LARGE_PER_LOOP; i++)
        lk_part_release(&d->peers.parts, held[i]);
    close_desk(d);
}

static void intake_judges_a_peer_again_under_a_new_view(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    struct lk_view *old = d->view;
    d->view = lk_test_view(&(struct lk_test_view_conf){
        .generation = 2, .edges = "- {name: other, tenant: a, match: 'uri:lurk://edge/2'}\n"});
    d->peers.view = d->view;
    uint32_t next = 0;
    assert_false(lk_peers_judge(&d->peers, &next, 32));
    lk_view_free(old);
    assert_int_equal(d->conn->state, LK_CONN_CLOSING);
    ask(d, known[0].request, 16);
    assert_int_equal(d->out_len, 0);
    close_desk(d);
}

static void intake_keeps_an_answer_within_the_transports_size(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    static const uint8_t tls12[16] = {1, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    d->conn->answer_bytes_max = 24;
    ask(d, tls12, 16);
    static const uint8_t answer[16] = {0, 1, 0, 5, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20};
    assert_int_equal(d->out_len, 20);
    assert_memory_equal(d->out, answer, 16);
    close_desk(d);
}

/* A fault carries the state of the capabilities that this peer is shown, whichever form fits. */
static void intake_faults_carry_the_state_of_the_form_shown(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    static const uint8_t tls12[16] = {1, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    static const uint8_t malformed[17] = {1, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 17};
    uint8_t shown[LK_FORM_COUNT][LK_STATE_BYTES];
    for (unsigned form = 0; form < LK_FORM_COUNT; form++) {
        size_t len = d->conn->edge->capabilities[LK_EXTENSION_TLS12][form].len;
        d->conn->answer_bytes_max = (uint32_t)(16 + len);
        ask(d, tls12, 16);
        assert_int_equal(d->out_len, 16 + len);
        memcpy(shown[form], d->out + d->out_len - LK_STATE_BYTES, LK_STATE_BYTES);
        ask(d, malformed, 17);
        assert_int_equal(d->out[3], LK_STATUS_INVALID_FORMAT);
        assert_int_equal(d->out_len, 20);
        assert_memory_equal(d->out + 16, shown[form], LK_STATE_BYTES);
    }
    assert_memory_not_equal(shown[0], shown[LK_FORM_NONE], LK_STATE_BYTES);
    close_desk(d);
}

static void intake_takes_one_message_a_datagram(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t two[32];
    memcpy(two, known[0].request, 16);
    memcpy(two + 16, known[0].request, 16);
    lk_intake_message(d->conn, lk_bytes_of(two, 15), 5);
    assert_int_equal(d->out_len, 0);
    lk_intake_message(d->conn, lk_bytes_of(two, 32), 6);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[3], LK_STATUS_INVALID_FORMAT);
    assert_int_equal(d->out[0], 0);
    assert_int_equal(d->tag, 6);
    assert_false(d->keep);
    close_desk(d);
}

static int clean(void **state)
{
    (void)state;
    lk_test_pki_gone();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intake_answers_faults_as_the_reference_has_them),
        cmocka_unit_test(intake_capabilities_are_the_edges_own),
        cmocka_unit_test(intake_calls_a_closed_type_unknown),
        cmocka_unit_test(intake_judges_rsa_master_in_the_prescribed_order),
        cmocka_unit_test(intake_judges_ecdhe_in_the_prescribed_order),
        cmocka_unit_test(intake_counts_a_closed_type_as_denied),
        cmocka_unit_test(intake_counts_a_closed_extension_as_denied),
        cmocka_unit_test(intake_window_is_inclusive_and_signed),
        cmocka_unit_test(intake_counts_the_skew_of_an_edge_inside_and_outside_the_window),
        cmocka_unit_test(intake_finds_messages_however_they_are_cut),
        cmocka_unit_test(intake_finds_messages_byte_by_byte),
        cmocka_unit_test(intake_loses_the_cut_once_and_closes),
        cmocka_unit_test(intake_skips_a_refused_message_by_its_length),
        cmocka_unit_test(intake_refuses_pieces_beyond_its_pool),
        cmocka_unit_test(intake_judges_a_peer_again_under_a_new_view),
        cmocka_unit_test(intake_keeps_an_answer_within_the_transports_size),
        cmocka_unit_test(intake_faults_carry_the_state_of_the_form_shown),
        cmocka_unit_test(intake_takes_one_message_a_datagram),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
