/* Associations of DTLS: how they begin, what they withstand, how they end. */
#include "tests/unit/io/dtls_world.inc.c"

/* --- handshakes ------------------------------------------------------------------------------- */

static void dtls_handshake_proves_an_edge(void **state)
{
    (void)state;
    assert_int_equal(handshake(10), 1);
    assert_int_equal(counted(LK_C_HANDSHAKES_GOOD), 1);
    assert_int_equal(counted(LK_C_COOKIES_SENT), 1);
    assert_int_equal(peers.conn_count, 1);
    assert_int_equal(peers.conn[0].state, LK_CONN_OPEN);
    assert_string_equal(peers.conn[0].identity, "uri:lurk://edge/1");
    assert_ptr_equal(peers.conn[0].edge, &the_edge);
    assert_int_equal(SSL_version(client->ssl), DTLS1_2_VERSION);
}

static void dtls_handshake_without_a_certificate_is_refused(void **state)
{
    (void)state;
    lk_test_client_free(client);
    client = lk_test_client_new(NULL);
    assert_int_equal(handshake(10), -1);
    assert_int_equal(counted(LK_C_HANDSHAKES_NO_CERT), 1);
    assert_int_equal(peers.conn_count, 0);
}

static void dtls_handshake_of_a_stranger_is_refused(void **state)
{
    (void)state;
    lk_test_client_free(client);
    client = lk_test_client_new("stranger");
    assert_int_equal(handshake(10), -1);
    assert_int_equal(counted(LK_C_HANDSHAKES_BAD_CERT), 1);
    assert_int_equal(peers.conn_count, 0);
}

static void dtls_handshake_of_an_unknown_edge_is_closed(void **state)
{
    (void)state;
    lk_test_client_free(client);
    client = lk_test_client_new("edge-2");
    handshake(2);
    assert_int_equal(counted(LK_C_HANDSHAKES_UNKNOWN_EDGE), 1);
    assert_int_equal(counted(LK_C_HANDSHAKES_GOOD), 0);
    assert_int_equal(peers.conn_count, 0);
}

/* Each datagram of a handshake is lost once, in either direction, until there is none of that
 * number. */
static void dtls_handshake_survives_the_loss_of_any_datagram(void **state)
{
    unsigned lost = 0;
    for (unsigned nth = 0; lost == nth; nth++) {
        make(state);
        lose_nth = nth;
        assert_int_equal(handshake(100), 1);
        assert_true(is_open());
        if (on_the_way > nth) lost++;
        lose_nth = UINT32_MAX;
        ask(1, 1);
        turn();
        assert_int_equal(answer_in(0), 1);
        unmake(state);
        now_ns += LK_NS_PER_S;
    }
    assert_true(lost >= 6);
}

static void swap_ends(struct lk_test_wire *wire)
{
    for (uint32_t i = 0; i < wire->count / 2; i++) {
        struct lk_test_datagram d = wire->datagram[i];
        wire->datagram[i] = wire->datagram[wire->count - 1 - i];
        wire->datagram[wire->count - 1 - i] = d;
    }
}

/* Small datagrams make flights of many; every flight arrives backwards. */
static void dtls_handshake_survives_reordering(void **state)
{
    (void)state;
    conf.dtls_mtu = 400;
    lk_datagram_path(&client->datagram, 400);
    struct lk_test_wire none = {0};
    int verdict = lk_test_client_step(client, &none);
    uint32_t longest = 0;
    for (int i = 0; i < 40 && !(verdict == 1 && is_open()); i++) {
        swap_ends(&client->out);
        turn();
        if (to_client.count > longest) longest = to_client.count;
        swap_ends(&to_client);
        verdict = lk_test_client_step(client, &to_client);
        if (client->out.count > 0) continue;
        pass(250 * LK_NS_PER_MS);
        lk_test_client_tick(client);
    }
    assert_int_equal(verdict, 1);
    assert_true(is_open());
    assert_true(longest >= 3);
}

static void dtls_handshake_ends_at_its_deadline(void **state)
{
    (void)state;
    struct lk_test_wire none = {0};
    lk_test_client_step(client, &none);
    turn();
    lk_test_client_step(client, &to_client);
    long before = live_bytes;
    turn();
    assert_int_equal(peers.conn_count, 1);
    uint64_t sent = 0;
    for (int ms = 0; ms < HANDSHAKE_MS - 100; ms += 50) {
        pass(50 * LK_NS_PER_MS);
        sent += to_client.count;
    }
    assert_int_equal(peers.conn_count, 1);
    assert_true(sent >= 2 && sent < 40); /* flights again, at growing distances */
    pass(200 * LK_NS_PER_MS);
    assert_int_equal(peers.conn_count, 0);
    assert_int_equal(counted(LK_C_HANDSHAKES_TIMEOUT), 1);
    assert_true(live_bytes - before < 1024);
}

/* --- hostile datagrams ------------------------------------------------------------------------ */

/* Every bit of a record turned, the datagram whole or cut. */
static void dtls_altered_records_are_dropped(void **state)
{
    (void)state;
    ask(1, 1);
    struct lk_test_datagram good = client->out.datagram[0];
    client->out.count = 0;
    uint64_t heard = peers.conn[0].heard_ns;
    now_ns += LK_NS_PER_S;
    for (size_t i = 0; i < 3 * 8 * good.len; i++) {
        struct lk_test_datagram bad = good;
        bad.data[i / 3 / 8] ^= (uint8_t)(1 << i / 3 % 8);
        bad.len -= i % 3;
        hear(address_of(home, port), lk_bytes_of(bad.data, bad.len));
        end_turn();
        assert_int_equal(to_client.count, 0);
    }
    assert_int_equal(worked, 0);
    assert_int_equal(peers.conn[0].heard_ns, heard);
    hear(address_of(home, port), lk_bytes_of(good.data, good.len));
    end_turn();
    assert_int_equal(worked, 1);
    hear(address_of(home, port), lk_bytes_of(good.data, good.len)); /* replayed record */
    end_turn();
    assert_int_equal(worked, 1);
    assert_int_equal(to_client.count, 0);
}

/* A record in the peer's name, by somebody without its keys, who need not know how far it came:
 * a header and zeros. */
static struct lk_bytes forged(uint8_t type, uint16_t version, uint16_t len)
{
    static uint8_t record[13 + 2048];
    memset(record, 0, sizeof record);
    record[0] = type;
    record[1] = (uint8_t)(version >> 8);
    record[2] = (uint8_t)version;
    record[4] = 1;  /* epoch */
    record[8] = 99; /* sequence number */
    record[11] = (uint8_t)(len >> 8);
    record[12] = (uint8_t)len;
    return lk_bytes_of(record, 13 + (size_t)len);
}

/* The same with a short one as the first bytes of its body. */
static struct lk_bytes forged_around(uint8_t type, uint16_t version, uint16_t len)
{
    uint8_t inner[13 + 1];
    memcpy(inner, forged(SSL3_RT_APPLICATION_DATA, DTLS1_2_VERSION, 1).data, sizeof inner);
    struct lk_bytes outer = forged(type, version, len);
    memcpy((uint8_t *)outer.data + 13, inner, sizeof inner);
    return outer;
}

static void assert_ignored(struct lk_bytes datagram)
{
    hear(address_of(home, port), datagram);
    end_turn();
    assert_int_equal(to_client.count, 0);
}

static void assert_answered(uint8_t id)
{
    ask(id, 1);
    turn();
    assert_int_equal(to_client.count, 1);
    assert_int_equal(answer_in(0), id);
}

static const char *const ciphers[] = {"AESGCM", "CHACHA20"};

static void begin_anew_with(const char *cipher)
{
    lk_test_client_again(client);
    assert_int_equal(SSL_set_cipher_list(client->ssl, cipher), 1);
    assert_int_equal(handshake(10), 1);
}

/* To OpenSSL a record too short for nonce and tag is a fatal error, not one that does not
 * decrypt. */
static void dtls_short_records_are_dropped(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        begin_anew_with(ciphers[i]);
        for (uint16_t len = 0; len < 40; len++)
            for (uint8_t type = 20; type <= 24; type++)
                assert_ignored(forged(type, DTLS1_2_VERSION, len));
        assert_answered((uint8_t)(1 + i));
    }
    assert_int_equal(peers.conn_count, 1);
    assert_true(counted(LK_C_DROPPED_MALFORMED) > 0);
}

/* The shortest that a cipher makes: no alert of the peer is taken for a short record. */
static void dtls_bye_is_heard_of_every_cipher(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        begin_anew_with(ciphers[i]);
        assert_int_equal(peers.conn_count, 1);
        SSL_shutdown(client->ssl);
        turn();
        assert_int_equal(peers.conn_count, 0);
    }
}

/* OpenSSL 3.0.19 reads on inside a record whose header it refuses; 3.0.22 does not, so that the
 * counter alone shows who dropped it. */
static void dtls_short_record_inside_another_is_dropped(void **state)
{
    (void)state;
    assert_ignored(forged_around(SSL3_RT_APPLICATION_DATA, DTLS1_VERSION, 100));
    assert_answered(1);
    assert_ignored(forged_around(SSL3_RT_ALERT, 0x0303, 100));
    assert_answered(2);
    assert_int_equal(counted(LK_C_DROPPED_MALFORMED), 2);
}

static void dtls_short_record_inside_a_long_one_is_dropped(void **state)
{
    (void)state;
    const uint8_t bytes_512 = TLSEXT_max_fragment_length_512;
    assert_int_equal(SSL_CTX_set_tlsext_max_fragment_length(client->ctx, bytes_512), 1);
    lk_test_client_again(client);
    assert_int_equal(handshake(10), 1);
    assert_ignored(forged_around(SSL3_RT_APPLICATION_DATA, DTLS1_2_VERSION, 1000));
    assert_answered(1);
    assert_int_equal(counted(LK_C_DROPPED_MALFORMED), 1);
}

static void dtls_short_record_leaves_those_before_it(void **state)
{
    (void)state;
    ask(1, 1);
    struct lk_test_datagram *d = &client->out.datagram[0];
    struct lk_bytes bad = forged(SSL3_RT_APPLICATION_DATA, DTLS1_2_VERSION, 1);
    memcpy(d->data + d->len, bad.data, bad.len);
    d->len += bad.len;
    turn();
    assert_int_equal(to_client.count, 1);
    assert_int_equal(answer_in(0), 1);
    assert_answered(2);
}

static void dtls_datagrams_of_nobody_are_dropped(void **state)
{
    (void)state;
    ask(1, 1);
    struct lk_test_datagram *d = &client->out.datagram[0];
    hear(address_of(home, 4000), lk_bytes_of(d->data, d->len));
    hear(address_of(home, 4000), lk_bytes_of("", 0));
    end_turn();
    assert_int_equal(counted(LK_C_DROPPED_STRANGE), 2);
    assert_int_equal(to_client.count, 0);
    assert_int_equal(worked, 0);
}

/* A hello without a cookie costs a peer nothing, whoever sent it in its name. */
static void dtls_spoofed_hello_leaves_the_association(void **state)
{
    (void)state;
    struct lk_test_client *liar = lk_test_client_new("stranger");
    struct lk_test_wire none = {0};
    lk_test_client_step(liar, &none);
    hear(address_of(home, port),
         lk_bytes_of(liar->out.datagram[0].data, liar->out.datagram[0].len));
    end_turn();
    assert_int_equal(counted(LK_C_COOKIES_SENT), 2);
    ask(1, 1);
    turn();
    assert_int_equal(answer_in(0), 1);
    lk_test_client_free(liar);
}

static void dtls_restarted_peer_replaces_its_association(void **state)
{
    (void)state;
    uint32_t generation = peers.conn[0].generation;
    answer_at_once = false;
    ask(1, 1);
    turn();
    lk_test_client_again(client);
    assert_int_equal(handshake(10), 1);
    assert_int_equal(counted(LK_C_HANDSHAKES_GOOD), 2);
    assert_int_equal(peers.conn_count, 1);
    assert_null(lk_conn_find(&peers, 0, generation)); /* so its answer finds nobody */
    answer_at_once = true;
    ask(1, 1);
    turn();
    assert_int_equal(worked, 2); /* what the old one asked is not answered to the new one */
    assert_int_equal(answer_in(0), 1);
}

/* The hello that made an association, recorded and sent again, is not a new peer. */
static void dtls_repeated_hello_leaves_the_association(void **state)
{
    (void)state;
    struct lk_test_wire none = {0};
    lk_test_client_step(client, &none);
    turn();
    lk_test_client_step(client, &to_client);
    struct lk_test_datagram hello = client->out.datagram[0];
    turn();
    int verdict = lk_test_client_step(client, &to_client);
    for (int i = 0; i < 5 && verdict == 0; i++) {
        turn();
        verdict = lk_test_client_step(client, &to_client);
    }
    assert_int_equal(verdict, 1);
    hear(address_of(home, port), lk_bytes_of(hello.data, hello.len));
    end_turn();
    assert_int_equal(to_client.count, 0);
    ask(1, 1);
    turn();
    assert_int_equal(answer_in(0), 1);
    assert_int_equal(counted(LK_C_CONNS_OPENED), 1);
}

/* Up to its second hello, from this port: the handshake then stands still. */
static void begin_and_stop(uint16_t from_port)
{
    struct lk_test_wire none = {0};
    uint16_t own = port;
    port = from_port;
    lk_test_client_again(client);
    lk_test_client_step(client, &none);
    turn();
    lk_test_client_step(client, &to_client);
    turn();
    port = own;
}

static void dtls_half_open_handshakes_are_bounded(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < LK_HANDSHAKES_PER_NETWORK_MAX; i++)
        begin_and_stop((uint16_t)(2000 + i));
    assert_int_equal(peers.conn_count, LK_HANDSHAKES_PER_NETWORK_MAX);
    begin_and_stop(1999);
    assert_int_equal(peers.conn_count, LK_HANDSHAKES_PER_NETWORK_MAX);
    assert_int_equal(counted(LK_C_DROPPED_HANDSHAKE), 1);
    pass(HANDSHAKE_MS * LK_NS_PER_MS);
    assert_int_equal(peers.conn_count, 0);
    lk_test_client_again(client);
    assert_int_equal(handshake(10), 1);
    assert_true(is_open());
}

static void dtls_open_peers_are_no_handshakes(void **state)
{
    (void)state;
    uint16_t own = port;
    for (unsigned i = 0; i <= LK_HANDSHAKES_PER_NETWORK_MAX; i++) {
        port++;
        lk_test_client_again(client);
        assert_int_equal(handshake(10), 1);
    }
    assert_int_equal(peers.conn_count, LK_HANDSHAKES_PER_NETWORK_MAX + 1);
    assert_int_equal(counted(LK_C_DROPPED_HANDSHAKE), 0);
    port = own;
}

/* Records of the next epoch, or pieces of messages behind those of the flight that say they are
 * long. Their sequence numbers leave the peer's own inside OpenSSL's window. */
static void flood(bool early, unsigned count)
{
    uint8_t of_next_epoch[13 + 64] = {22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 64};
    uint8_t piece[13 + 12 + 1] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13,
                                  11, 0,    0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    uint8_t *record = early ? of_next_epoch : piece;
    for (unsigned i = 0; i < count; i++) {
        record[10] = (uint8_t)(8 + i % 40);
        if (!early) piece[18] = (uint8_t)(6 + i % 6); /* number of the message */
        hear(address_of(home, port),
             lk_bytes_of(record, early ? sizeof of_next_epoch : sizeof piece));
    }
    end_turn();
}

/* The server sends its flight again, the honest peer answers it. */
static void go_on(void)
{
    pass(LK_NS_PER_S);
    lk_test_client_step(client, &to_client);
    assert_true(client->out.count > 0);
    turn();
}

static void dtls_handshake_goes_on_beside_a_few_strange_records(void **state)
{
    (void)state;
    begin_and_stop(port);
    flood(true, 3);
    flood(false, 40);
    go_on();
    assert_true(is_open());
}

/* OpenSSL would keep it until the keys are there, and fail after the handshake. */
static void dtls_handshake_goes_on_beside_a_short_record(void **state)
{
    (void)state;
    begin_and_stop(port);
    assert_ignored(forged(SSL3_RT_HANDSHAKE, DTLS1_2_VERSION, 1));
    go_on();
    assert_int_equal(lk_test_client_step(client, &to_client), 1);
    assert_answered(1);
}

static void dtls_handshake_flooded_with_pieces_stays_small(void **state)
{
    (void)state;
    begin_and_stop(port);
    long before = live_bytes;
    flood(false, LK_HANDSHAKE_RECORDS_MAX);
    assert_true(live_bytes - before > 16384); /* the flood does reach OpenSSL */
    assert_true(live_bytes - before < 256 * 1024);
    go_on();
    assert_false(is_open()); /* not heard any more */
    pass(HANDSHAKE_MS * LK_NS_PER_MS);
    assert_int_equal(peers.conn_count, 0);
}

static void dtls_handshake_flooded_with_early_records_ends(void **state)
{
    (void)state;
    begin_and_stop(port);
    long before = live_bytes;
    flood(true, LK_HANDSHAKE_EARLY_RECORDS_MAX + 1);
    assert_true(live_bytes - before < 256 * 1024);
    go_on();
    assert_false(is_open());
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool client_was_told(void)
{
    for (uint32_t i = 0; i < to_client.count; i++)
        (void)answer_in(i);
    return (SSL_get_shutdown(client->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

static void dtls_idle_peer_is_closed(void **state)
{
    (void)state;
    pass((IDLE_S - 10) * LK_NS_PER_S);
    ask(1, 1);
    turn();
    pass((IDLE_S - 1) * LK_NS_PER_S);
    assert_int_equal(peers.conn_count, 1);
    pass(2 * LK_NS_PER_S);
    assert_int_equal(peers.conn_count, 0);
    assert_true(client_was_told());
}

static void dtls_peer_that_says_bye_is_closed(void **state)
{
    (void)state;
    SSL_shutdown(client->ssl);
    turn();
    assert_int_equal(peers.conn_count, 0);
    assert_true(client_was_told());
}

static void dtls_closed_peer_gets_its_answers_first(void **state)
{
    (void)state;
    ask(1, 1);
    peers.now_ns = now_ns;
    hear(address_of(home, port),
         lk_bytes_of(client->out.datagram[0].data, client->out.datagram[0].len));
    lk_conn_close(&peers.conn[0]);
    end_turn();
    assert_int_equal(to_client.count, 2);
    assert_int_equal(answer_in(0), 1);
    assert_true(client_was_told());
    assert_int_equal(peers.conn_count, 0);
}

static void dtls_draining_is_silent_to_strangers(void **state)
{
    (void)state;
    peers.draining = true;
    struct lk_test_wire none = {0};
    lk_test_client_step(client, &none);
    turn();
    assert_int_equal(to_client.count, 0);
    assert_int_equal(counted(LK_C_COOKIES_SENT), 0);
}

static void dtls_idle_association_is_small(void **state)
{
    (void)state;
    assert_int_equal(handshake(10), 1); /* the first one also fills caches of the library */
    long before = live_bytes;
    SSL *first = client->ssl;
    client->ssl = NULL;
    port++;
    lk_test_client_again(client);
    assert_int_equal(handshake(10), 1);
    long both = live_bytes - before;
    SSL_free(client->ssl);
    client->ssl = first;
    long server = live_bytes - before;
    port--;
    printf("association: %ld bytes, with its client %ld\n", server, both);
    assert_int_equal(peers.conn_count, 2);
    assert_true(server < 96 * 1024);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)
#define OPEN(name) cmocka_unit_test_setup_teardown(name, make_open, unmake)

int main(void)
{
    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1) return 1;
    const struct CMUnitTest tests[] = {
        T(dtls_handshake_proves_an_edge),
        T(dtls_handshake_without_a_certificate_is_refused),
        T(dtls_handshake_of_a_stranger_is_refused),
        T(dtls_handshake_of_an_unknown_edge_is_closed),
        cmocka_unit_test(dtls_handshake_survives_the_loss_of_any_datagram),
        T(dtls_handshake_survives_reordering),
        T(dtls_handshake_ends_at_its_deadline),
        OPEN(dtls_altered_records_are_dropped),
        OPEN(dtls_short_records_are_dropped),
        OPEN(dtls_short_record_inside_another_is_dropped),
        OPEN(dtls_short_record_inside_a_long_one_is_dropped),
        OPEN(dtls_short_record_leaves_those_before_it),
        OPEN(dtls_bye_is_heard_of_every_cipher),
        OPEN(dtls_datagrams_of_nobody_are_dropped),
        OPEN(dtls_spoofed_hello_leaves_the_association),
        OPEN(dtls_restarted_peer_replaces_its_association),
        T(dtls_repeated_hello_leaves_the_association),
        T(dtls_half_open_handshakes_are_bounded),
        T(dtls_open_peers_are_no_handshakes),
        T(dtls_handshake_goes_on_beside_a_few_strange_records),
        T(dtls_handshake_goes_on_beside_a_short_record),
        T(dtls_handshake_flooded_with_pieces_stays_small),
        T(dtls_handshake_flooded_with_early_records_ends),
        OPEN(dtls_idle_peer_is_closed),
        OPEN(dtls_peer_that_says_bye_is_closed),
        OPEN(dtls_closed_peer_gets_its_answers_first),
        T(dtls_draining_is_silent_to_strangers),
        T(dtls_idle_association_is_small),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_test_pki_gone();
    return failed;
}
