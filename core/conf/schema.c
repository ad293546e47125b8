#include "core/conf/schema.h"


/* --- words ---------------------------------------------------------------------------------- */

#define WORDS(function, ...)                                                                      \
    static const char *function(unsigned i)                                                       \
    {                                                                                             \
        static const char *const words[] = {__VA_ARGS__};                                         \
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;                              \
    }
WORDS(level_word, "error", "warning", "notice", "info", "debug")
WORDS(target_word, "auto", "stderr", "journald")
WORDS(spin_word, "auto", "never", "always")
WORDS(certificates_word, "certificates", "raw", "none")
WORDS(transport_word, "tls", "dtls", "tcp", "udp")
WORDS(use_word, "tls12-rsa", "tls12-sign", "tls13-sign", "tls13-client")
WORDS(flag_word, "premaster", "unfresh", "unproved", "request")
WORDS(method_word, "e_generated", "cs_generated")
WORDS(secret_word, "h_c", "h_s", "a_c", "a_s", "x")
WORDS(hash_word, "sha256", "sha384", "sha512")

/* Exchanges that use a key can be granted; capabilities and pings come with the first of them. */
static const char *exchange_word(unsigned i)
{
    enum lk_exchange_id id = (enum lk_exchange_id)i;
    if (i >= LK_EXCHANGE_COUNT) return NULL;
    return lk_exchange_keyed(id) ? lk_exchange_name(id) : "";
}

/* --- options -------------------------------------------------------------------------------- */

#define PLACE(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define CONF(field) PLACE(struct lk_conf, field)
#define TEXT_MAX(type, field) .max = sizeof(((type *)0)->field) - 1

/* One option in two or three lines reads better than one field a line. */
/* clang-format off */
static const struct lk_conf_option options[] = {
    {.path = "server.state_dir", .type = LK_VALUE_PATH, TEXT_MAX(struct lk_conf, state_dir),
     .fallback = "/var/lib/lurk", CONF(state_dir),
     .help = "directory of the audit journal"},
    {.path = "server.control_socket", .type = LK_VALUE_PATH, .max = 107,
     .fallback = "/run/lurk/control.sock", CONF(control_socket),
     .help = "local socket that lurkctl talks to"},
    {.path = "server.user", .type = LK_VALUE_NAME, TEXT_MAX(struct lk_conf, user),
     .empty_good = true, .fallback = "", CONF(user), .example = "lurk",
     .help = "user that front and vault become when started as root; empty keeps the uid"},
    {.path = "server.log_level", .type = LK_VALUE_WORD, .word = level_word, .fallback = "info",
     CONF(log_level), .help = "least severe events that are logged"},
    {.path = "server.log_target", .type = LK_VALUE_WORD, .word = target_word, .fallback = "auto",
     CONF(log_target), .help = "where events go; auto is journald when started by systemd"},
    {.path = "server.admin_address", .type = LK_VALUE_LOOPBACK, .fallback = "127.0.0.1",
     CONF(admin_address), .help = "address of the metrics and health page"},
    {.path = "server.admin_port", .type = LK_VALUE_COUNT, .min = 0, .max = 65535, .fallback = "0",
     CONF(admin_port), .example = "9464", .help = "port of the metrics and health page; 0 is none"},

    {.path = "channel.certificate", .type = LK_VALUE_PATH, .reloadable = true,
     TEXT_MAX(struct lk_conf, channel_certificate), CONF(channel_certificate),
     .example = "/etc/lurk/channel.pem",
     .help = "PEM certificates the server shows to edges, its own first"},
    {.path = "channel.key", .type = LK_VALUE_PATH, .reloadable = true,
     TEXT_MAX(struct lk_conf, channel_key), CONF(channel_key), .example = "/etc/lurk/channel.key",
     .help = "private key of that certificate; not one of the site keys"},
    {.path = "channel.ca", .type = LK_VALUE_PATH, .reloadable = true,
     TEXT_MAX(struct lk_conf, channel_ca), CONF(channel_ca), .example = "/etc/lurk/edges-ca.pem",
     .help = "PEM certificates of the authorities that edges' certificates are checked against"},
    {.path = "channel.crl", .type = LK_VALUE_PATH, .reloadable = true, .empty_good = true,
     TEXT_MAX(struct lk_conf, channel_crl), .fallback = "", CONF(channel_crl),
     .example = "/etc/lurk/edges-crl.pem",
     .help = "PEM revocation lists, one of each authority above an edge; empty is none"},

    {.path = "cpu.loops", .type = LK_VALUE_CPUS, .max = LK_LOOPS_MAX, .fallback = "auto",
     CONF(loop_cpu), .count_offset = offsetof(struct lk_conf, loop_count),
     .help = "CPUs of the network loops, one thread each"},
    {.path = "cpu.workers", .type = LK_VALUE_CPUS, .max = LK_WORKERS_MAX, .fallback = "auto",
     CONF(worker_cpu), .count_offset = offsetof(struct lk_conf, worker_count),
     .help = "CPUs of the key workers, one thread each"},
    {.path = "cpu.reserve", .type = LK_VALUE_COUNT, .min = 0, .max = LK_CPUS_MAX, .fallback = "0",
     CONF(reserve_cpus), .help = "cores that auto leaves free for others"},
    {.path = "cpu.spin", .type = LK_VALUE_WORD, .word = spin_word, .fallback = "auto", CONF(spin),
     .help = "whether idle threads watch memory for 20 us before they sleep; auto: with a CPU"},

    {.path = "limits.message_size", .type = LK_VALUE_BYTES, .min = 1024,
     .max = LK_MESSAGE_BYTES_MAX,
     .fallback = "65535 B", CONF(message_bytes_max),
     .help = "longest LURK message, header included"},
    {.path = "limits.in_flight_per_peer", .type = LK_VALUE_COUNT, .min = 1,
     .max = LK_IN_FLIGHT_PER_PEER_MAX, .fallback = "1024", CONF(in_flight_per_peer),
     .reloadable = true, .help = "requests a peer may have unanswered; more get temporary_failure"},
    {.path = "limits.output_per_peer", .type = LK_VALUE_BYTES, .min = 16384,
     .max = LK_OUTPUT_BYTES_PER_PEER_MAX, .fallback = "256 KiB", CONF(output_bytes_per_peer),
     .reloadable = true, .help = "answers a peer may leave unread before it is closed"},
    {.path = "limits.conns_per_loop", .type = LK_VALUE_COUNT, .min = 1,
     .max = LK_CONNS_PER_LOOP_MAX,
     .fallback = "16384", CONF(conns_per_loop), .help = "peers a loop serves at a time"},
    {.path = "limits.handshake", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 100,
     .max = LK_HANDSHAKE_MS_MAX, .fallback = "10 s", CONF(handshake_ms), .reloadable = true,
     .help = "time a peer has for its TLS or DTLS handshake"},
    {.path = "limits.idle", .type = LK_VALUE_TIME, .unit = LK_UNIT_S, .min = 1,
     .max = LK_IDLE_S_MAX,
     .fallback = "1 h", CONF(idle_s), .reloadable = true,
     .help = "time after which a silent peer is closed"},
    {.path = "limits.queue_deadline", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 10,
     .max = LK_QUEUE_DEADLINE_MS, .fallback = "500 ms", CONF(queue_deadline_ms), .reloadable = true,
     .help = "time after which a waiting request is answered temporary_failure"},
    {.path = "limits.drain", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 0, .max = 60000,
     .fallback = "5 s", CONF(drain_ms), .reloadable = true,
     .help = "time that accepted requests have once the server is told to end"},
    {.path = "limits.slots_small_per_loop", .type = LK_VALUE_COUNT, .min = 64,
     .max = LK_SLOTS_SMALL_PER_LOOP, .fallback = "4096", CONF(slots_small_per_loop),
     .help = "requests of up to 2 KiB that a loop has under way"},
    {.path = "limits.slots_large_per_loop", .type = LK_VALUE_COUNT, .min = 1,
     .max = LK_SLOTS_LARGE_PER_LOOP, .fallback = "64", CONF(slots_large_per_loop),
     .help = "requests of up to 64 KiB that a loop has under way"},
    {.path = "limits.dtls_mtu", .type = LK_VALUE_BYTES, .min = 576, .max = 9000,
     .fallback = "1200 B", CONF(dtls_mtu), .help = "largest datagram sent"},

    {.path = "requests.window", .type = LK_VALUE_TIME, .unit = LK_UNIT_S, .min = 0, .max = 600,
     .fallback = "60 s", CONF(window_s),
     .help = "how far the time in a server random may be off for RSA exchanges; 0 s is off"},
    {.path = "requests.window_ecdhe", .type = LK_VALUE_TIME, .unit = LK_UNIT_S, .min = 0,
     .max = 600,
     .fallback = "10 s", CONF(window_ecdhe_s), .help = "the same for ecdhe; 0 s is off"},
    {.path = "requests.novelty", .type = LK_VALUE_BOOL, .fallback = "true", CONF(novelty),
     .help = "whether a server random may be used only once"},
    {.path = "requests.novelty_entries", .type = LK_VALUE_COUNT, .min = 1024, .max = 268435456,
     .fallback = "4194304", CONF(novelty_entries),
     .help = "server randoms remembered: requests a second times twice the window"},
    {.path = "requests.batch_wait", .type = LK_VALUE_TIME, .unit = LK_UNIT_US, .min = 0,
     .max = 10000,
     .fallback = "0 us", CONF(batch_wait_us), .example = "20 us",
     .help = "how long a part-filled batch waits for more under load"},
    {.path = "requests.premaster_rate", .type = LK_VALUE_COUNT, .min = 1, .max = 1000000,
     .fallback = "200", CONF(premasters_per_s),
     .help = "premasters (split.rsa_premaster) a second, for each edge certificate and key"},
    {.path = "requests.cert_request_rate", .type = LK_VALUE_COUNT, .min = 1, .max = 1000,
     .fallback = "5", CONF(cert_requests_per_s),
     .help = "certificate requests (split.sign_cert_request) a second, for each the same"},
    {.path = "requests.dhe_bits_max", .type = LK_VALUE_COUNT, .min = 2048, .max = 8192,
     .fallback = "3072", CONF(dhe_bits_max), .reloadable = true,
     .help = "largest group of DHE (split.sign_ske), in bits: 2048 take 1.7 ms, 3072 5, 8192 78"},
    {.path = "requests.check_ecdsa", .type = LK_VALUE_BOOL, .fallback = "false", CONF(check_ecdsa),
     .help = "whether ECDSA signatures are verified before they leave; costs three signatures"},
    {.path = "requests.capabilities_certificates", .type = LK_VALUE_WORD, .reloadable = true,
     .word = certificates_word, .fallback = "certificates", CONF(capabilities_certificates),
     .help = "what tls12 capabilities show of each key"},
};

static const struct lk_conf_section sections[] = {
    {"server", "The process and what it shows to its operator."},
    {"channel", "The server's own TLS identity, and the edges it trusts."},
    {"cpu", "Where threads run."},
    {"limits", "Bounds; each may be lowered, none raised."},
    {"requests", "How requests are judged and worked."},
};

/* --- lists ---------------------------------------------------------------------------------- */

#define LISTEN(field) PLACE(struct lk_conf_listen, field)
static const struct lk_conf_option listen_options[] = {
    {.path = "address", .type = LK_VALUE_ADDRESS, LISTEN(address), .example = "\"::\"",
     .help = "numeric address"},
    {.path = "port", .type = LK_VALUE_COUNT, .min = 1, .max = 65535, LISTEN(port),
     .example = "7880",
     .help = "TCP or UDP port"},
    {.path = "transport", .type = LK_VALUE_WORD, .word = transport_word, LISTEN(transport),
     .example = "tls", .help = "how messages are carried; tcp and udp are for test builds"},
    {.path = "free_bind", .type = LK_VALUE_BOOL, .fallback = "false", LISTEN(free_bind),
     .help = "whether the address may come up later"},
    {.path = "dual_stack", .type = LK_VALUE_BOOL, .fallback = "false", LISTEN(dual_stack),
     .example = "true", .help = "whether the address :: takes IPv4 too"},
};

static const struct lk_conf_option tenant_options[] = {
    {.path = "name", .type = LK_VALUE_NAME, TEXT_MAX(struct lk_conf_tenant, name),
     .reloadable = true,
     PLACE(struct lk_conf_tenant, name), .example = "shop", .help = "name, unique among tenants"},
};

#define KEY(field) PLACE(struct lk_conf_key, field)
#define KEY_MAX(field) TEXT_MAX(struct lk_conf_key, field)
static const struct lk_conf_option key_options[] = {
    {.path = "name", .type = LK_VALUE_NAME, KEY_MAX(name), KEY(name), .reloadable = true,
     .example = "shop-rsa", .help = "name, unique among keys"},
    {.path = "tenant", .type = LK_VALUE_REF, .list = LK_LIST_TENANTS, KEY(tenant),
     .reloadable = true,
     .example = "shop", .help = "whose key it is"},
    {.path = "file", .type = LK_VALUE_PATH, KEY_MAX(file), KEY(file), .reloadable = true,
     .example = "/etc/lurk/keys/shop-rsa.pem",
     .help = "private key: PEM or DER of PKCS#8, PKCS#1, SEC 1, PKCS#12"},
    {.path = "chain", .type = LK_VALUE_PATH, KEY_MAX(chain), .empty_good = true, .fallback = "",
     KEY(chain), .reloadable = true, .example = "/etc/lurk/keys/shop-rsa.crt",
     .help = "PEM certificates, the key's own first; a second one of its own begins another chain"},
    {.path = "passphrase_file", .type = LK_VALUE_PATH, KEY_MAX(passphrase_file), .empty_good = true,
     .fallback = "", KEY(passphrase_file), .reloadable = true,
     .help = "file with the passphrase of an encrypted key; empty is none"},
    {.path = "uses", .type = LK_VALUE_WORDS, .min = 1, .word = use_word, KEY(uses),
     .reloadable = true, .example = "[tls12-rsa]",
     .help = "what the key is for: decryption (tls12-rsa) or signing"},
    {.path = "flags", .type = LK_VALUE_WORDS, .word = flag_word, .named = LK_FLAG_REQUEST,
     .fallback = "[]", KEY(flags), .reloadable = true,
     .help = "what weaker exchanges of split may ask of it, of edges that carry the same flag"},
    {.path = "force_dual_use", .type = LK_VALUE_BOOL, .fallback = "false", KEY(force_dual_use),
     .reloadable = true,
     .help = "lets one RSA key both decrypt and sign, so that a flaw of one harms the other"},
};

#define EDGE(field) PLACE(struct lk_conf_edge, field)
static const struct lk_conf_option edge_options[] = {
    {.path = "name", .type = LK_VALUE_NAME, TEXT_MAX(struct lk_conf_edge, name), EDGE(name),
     .reloadable = true, .example = "shop-edges", .help = "name, unique among edges"},
    {.path = "tenant", .type = LK_VALUE_REF, .list = LK_LIST_TENANTS, EDGE(tenant),
     .reloadable = true,
     .example = "shop", .help = "whom it serves"},
    {.path = "match", .type = LK_VALUE_IDENTITY, TEXT_MAX(struct lk_conf_edge, match), EDGE(match),
     .reloadable = true, .example = "\"uri:lurk:edge:shop:*\"",
     .help = "identity in the edge's certificate; the first row that matches counts"},
    {.path = "flags", .type = LK_VALUE_WORDS, .word = flag_word, .named = LK_FLAG_REQUEST,
     .fallback = "[]", EDGE(flags), .reloadable = true,
     .help = "what weaker exchanges of split it may ask, of keys that carry the same flag"},
};

#define RULE(field) PLACE(struct lk_conf_rule, field)
static const struct lk_conf_option rule_options[] = {
    {.path = "name", .type = LK_VALUE_NAME, TEXT_MAX(struct lk_conf_rule, name), RULE(name),
     .reloadable = true, .example = "shop-rsa-with-proof", .help = "name, unique among rules"},
    {.path = "tenant", .type = LK_VALUE_REF, .list = LK_LIST_TENANTS, RULE(tenant),
     .reloadable = true,
     .example = "shop", .help = "whose edges and keys it joins"},
    {.path = "edges", .type = LK_VALUE_REFS, .list = LK_LIST_EDGES, RULE(edges), .reloadable = true,
     .count_offset = offsetof(struct lk_conf_rule, edge_count), .example = "all",
     .help = "edges of the tenant"},
    {.path = "keys", .type = LK_VALUE_REFS, .list = LK_LIST_KEYS, RULE(keys), .reloadable = true,
     .count_offset = offsetof(struct lk_conf_rule, key_count), .example = "[shop-rsa]",
     .help = "keys of the tenant"},
    {.path = "exchanges", .type = LK_VALUE_WORDS, .min = 1, .word = exchange_word, RULE(exchanges),
     .reloadable = true,
     .example = "[tls12.rsa_master_with_poh, tls12.rsa_extended_master_with_poh]",
     .help = "what those edges may ask of those keys"},
    {.path = "hashes", .type = LK_VALUE_WORDS, .min = 1, .word = hash_word, .fallback = "all",
     RULE(hashes), .reloadable = true, .help = "hashes of signatures and of the TLS PRF"},
    {.path = "require_poo", .type = LK_VALUE_BOOL, .fallback = "true", RULE(require_poo),
     .reloadable = true, .help = "whether tls12.ecdhe must prove that the edge owns its ECDHE key"},
    {.path = "key_shares", .type = LK_VALUE_WORDS, .min = 1, .word = method_word, .fallback = "all",
     RULE(methods), .reloadable = true,
     .help = "who makes the server's key share of TLS 1.3: the edge (e_generated) or lurkd"},
    {.path = "secrets", .type = LK_VALUE_WORDS, .word = secret_word,
     .fallback = "[h_c, h_s, a_c, a_s]", RULE(secrets), .reloadable = true,
     .help = "secrets of TLS 1.3 that are given out: handshake, application, exporter (x)"},
};

#define LIST(row, rows, rows_count, table)                                                        \
    .row_bytes = sizeof(struct row), .line_offset = offsetof(struct row, line),                   \
    .rows_offset = offsetof(struct lk_conf, rows),                                                \
    .count_offset = offsetof(struct lk_conf, rows_count), .option = table,                        \
    .option_count = sizeof table / sizeof table[0]

static const struct lk_conf_list lists[LK_LIST_COUNT] = {
    [LK_LIST_LISTEN] = {.name = "listen", .min = 1, .max = LK_LISTEN_MAX,
                        .help = "Where edges connect.",
                        LIST(lk_conf_listen, listens, listen_count, listen_options)},
    [LK_LIST_TENANTS] = {.name = "tenants", .max = LK_TENANTS_MAX, .reloadable = true,
                         .help = "Whose keys are served; nothing of one tenant is seen by another.",
                         LIST(lk_conf_tenant, tenants, tenant_count, tenant_options)},
    [LK_LIST_KEYS] = {.name = "keys", .max = LK_KEYS_MAX, .reloadable = true,
                      .help = "Private keys, by file.",
                      LIST(lk_conf_key, keys, key_count, key_options)},
    [LK_LIST_EDGES] = {.name = "edges", .max = LK_EDGES_MAX, .reloadable = true,
                       .help = "Who asks: certificates by their subject alternative name.",
                       LIST(lk_conf_edge, edges, edge_count, edge_options)},
    [LK_LIST_RULES] = {.name = "rules", .max = LK_RULES_MAX, .reloadable = true,
                       .help = "Which edges may do what with which keys; all else is denied.",
                       LIST(lk_conf_rule, rules, rule_count, rule_options)},
};
/* clang-format on */

static const uint8_t shown[LK_LIST_COUNT] = {LK_LIST_LISTEN, LK_LIST_TENANTS, LK_LIST_KEYS,
                                             LK_LIST_EDGES, LK_LIST_RULES};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
const struct lk_schema lk_schema_lurkd = {
    .manual = "lurkd.conf(5)",
    .option = options,
    .option_count = COUNT_OF(options),
    .section = sections,
    .section_count = COUNT_OF(sections),
    .list = lists,
    .list_count = COUNT_OF(lists),
    .shown = shown,
};

/* --- access --------------------------------------------------------------------------------- */

const char *lk_schema_section_help(const struct lk_schema *schema, const char *section, size_t len)
{
    for (size_t i = 0; i < schema->section_count; i++)
        if (strlen(schema->section[i].name) == len &&
            memcmp(schema->section[i].name, section, len) == 0)
            return schema->section[i].help;
    return NULL;
}

const char *lk_schema_top_name(const struct lk_schema *schema, unsigned i)
{
    if (i < schema->section_count) return schema->section[i].name;
    i -= schema->section_count;
    return i < schema->list_count ? schema->list[schema->shown[i]].name : NULL;
}

uint32_t lk_schema_row_count(const struct lk_conf_list *list, const void *conf)
{
    uint32_t count;
    memcpy(&count, (const char *)conf + list->count_offset, sizeof count);
    return count;
}

void *lk_schema_row(const struct lk_conf_list *list, const void *conf, uint32_t index)
{
    char *rows;
    memcpy(&rows, (const char *)conf + list->rows_offset, sizeof rows);
    return rows + (size_t)index * list->row_bytes;
}
