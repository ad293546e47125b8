/* conf: the configuration as a struct, made from YAML text by one function for all three processes:
 * the supervisor reads the file, its children get the same bytes and parse them again.
 *
 * Every scalar option is a row of the schema (schema.h): name, type, unit, range, default,
 * reloadable, help. Lists (listen, tenants, keys, edges, rules) are tables of such rows. Nothing is
 * opened here.
 * Owner   whoever parsed; lk_conf_free. Read only afterwards; any thread may read.
 * Errors  text with file, line, option and the allowed range; parsing goes on to find more than
 * one. */
#ifndef LK_CORE_CONF_CONF_H
#define LK_CORE_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/wire/registry.h"
#include "crypto/crypto.h"

#define LK_CPUS_MAX 1024

enum lk_transport_id { LK_TRANSPORT_TLS, LK_TRANSPORT_DTLS, LK_TRANSPORT_TCP, LK_TRANSPORT_UDP,
                       LK_TRANSPORT_COUNT };

struct lk_conf_listen {
    char address[46]; /* numeric IPv4 or IPv6 */
    uint16_t port;
    uint16_t transport; /* enum lk_transport_id; tcp and udp in test builds only */
    bool free_bind;
    bool dual_stack; /* IPv6 address "::" takes IPv4 too */
    uint32_t line;
};

struct lk_conf_tenant {
    char name[LK_NAME_BYTES_MAX];
    uint32_t line;
};

/* What a key may be used for. Decryption and signing on one RSA key are refused unless forced. */
enum lk_key_use {
    LK_USE_TLS12_RSA = 1,   /* decryption: tls12 types 2 to 5, split.rsa_premaster */
    LK_USE_TLS12_SIGN = 2,  /* tls12.ecdhe, split.sign_ske */
    LK_USE_TLS13_SIGN = 4,  /* CertificateVerify of a TLS 1.3 server: tls13, split */
    LK_USE_TLS13_CLIENT = 8 /* CertificateVerify of a TLS 1.3 client: split.sign_cert_verify */
};

/* What an edge row and a key each have to carry before one may ask it of the other
 * (lurk-split.md, docs/protocol.md). */
enum lk_conf_flag {
    LK_FLAG_PREMASTER = 1, /* rsa_premaster at all */
    LK_FLAG_UNFRESH = 2,   /* sign_ske over a server random as it is */
    LK_FLAG_UNPROVED = 4,  /* sign_ske without a proof of ownership */
    LK_FLAG_REQUEST = 8    /* sign_cert_request at all */
};

struct lk_conf_key {
    char name[LK_NAME_BYTES_MAX];
    char file[LK_PATH_BYTES_MAX];
    char chain[LK_PATH_BYTES_MAX];           /* certificates in PEM, the key's own first; "" none */
    char passphrase_file[LK_PATH_BYTES_MAX]; /* "" none */
    uint32_t tenant;                         /* index in tenants */
    uint32_t uses;                           /* enum lk_key_use */
    uint32_t flags;                          /* enum lk_conf_flag */
    bool force_dual_use;
    uint32_t line;
};

/* An edge: whose identity (SAN) matches the pattern. "uri:..." or "dns:...", "*" at the end of a
 * URI pattern or as the first label of a name. First match wins. */
struct lk_conf_edge {
    char name[LK_NAME_BYTES_MAX];
    char match[LK_IDENTITY_BYTES_MAX + 1];
    uint32_t tenant;
    uint32_t flags; /* enum lk_conf_flag */
    uint32_t line;
};

/* A rule gives edges of a tenant some exchanges on some keys of that tenant. Default is deny. */
struct lk_conf_rule {
    char name[LK_NAME_BYTES_MAX];
    uint32_t tenant;
    uint32_t *edges; /* indices in edges, ascending; NULL: every edge of the tenant */
    uint32_t edge_count;
    uint32_t *keys; /* indices in keys, ascending; NULL: every key of the tenant */
    uint32_t key_count;
    lk_exchange_mask exchanges;
    uint32_t hashes;      /* bit i: enum lk_hash i, for signatures and PRFs */
    bool require_poo;     /* ecdhe needs a proof of ownership; default true */
    uint32_t methods;     /* bit i: enum lk_tls13_method i + 1, of the key share in TLS 1.3 */
    uint32_t secrets;     /* bit i: enum lk_tls13_secret LK_TLS13_H_C + i */
    uint32_t line;
};

struct lk_conf {
    /* server */
    char state_dir[LK_PATH_BYTES_MAX];      /* audit journal */
    char control_socket[LK_PATH_BYTES_MAX]; /* lurkctl */
    char user[LK_NAME_BYTES_MAX];           /* uid of the children when started as root; "" keep */
    uint32_t log_level;                     /* enum lk_log_level */
    uint32_t log_target;                    /* 0 auto, 1 stderr, 2 journald */
    char admin_address[46];
    uint16_t admin_port; /* 0: no admin page */

    /* the server's own TLS identity, and whom it trusts */
    char channel_certificate[LK_PATH_BYTES_MAX];
    char channel_key[LK_PATH_BYTES_MAX];
    char channel_ca[LK_PATH_BYTES_MAX];
    char channel_crl[LK_PATH_BYTES_MAX]; /* "" none */

    /* cpu */
    uint32_t loop_count, worker_count; /* of the lists below; 0: auto */
    uint16_t loop_cpu[LK_LOOPS_MAX];
    uint16_t worker_cpu[LK_WORKERS_MAX];
    uint32_t reserve_cpus;
    uint32_t spin; /* 0 auto, 1 never, 2 always */

    /* limits, all at most the bound of limits.h */
    uint32_t message_bytes_max;
    uint32_t in_flight_per_peer;
    uint32_t output_bytes_per_peer;
    uint32_t conns_per_loop;
    uint32_t handshake_ms;
    uint32_t idle_s;
    uint32_t queue_deadline_ms;
    uint32_t drain_ms;
    uint32_t slots_small_per_loop, slots_large_per_loop;

    /* requests */
    uint32_t window_s;       /* tls12 types 2 to 5; 0 off */
    uint32_t window_ecdhe_s; /* 0 off */
    bool novelty;            /* the replay table */
    uint32_t novelty_entries;
    uint32_t batch_wait_us;
    uint32_t premasters_per_s; /* of split.rsa_premaster, for each peer and key */
    uint32_t cert_requests_per_s; /* of split.sign_cert_request, the same */
    uint32_t dhe_bits_max; /* of p, in split.sign_ske */
    bool check_ecdsa;
    uint32_t capabilities_certificates; /* 0 certificates, 1 raw public keys, 2 none */
    uint32_t dtls_mtu;

    /* lists */
    struct lk_conf_listen *listens;
    uint32_t listen_count;
    struct lk_conf_tenant *tenants;
    uint32_t tenant_count;
    struct lk_conf_key *keys;
    uint32_t key_count;
    struct lk_conf_edge *edges;
    uint32_t edge_count;
    struct lk_conf_rule *rules;
    uint32_t rule_count;
};

/* Parse text. *out is allocated on success. On failure `error` holds one line per fault:
 * "FILE:LINE: option: what is wrong; allowed: ...". file is for those messages only. */
LK_MUST_USE lk_err lk_conf_parse(const char *file, struct lk_bytes text, struct lk_conf **out,
                                 char *error, size_t error_bytes);
void lk_conf_free(struct lk_conf *conf);

/* The whole effective configuration as YAML, defaults included, to a stdio stream. */
void lk_conf_print(const struct lk_conf *conf, FILE *to);

/* Whether the rule's list of keys holds this index (a rule for all keys has no list). */
bool lk_conf_rule_names_key(const struct lk_conf_rule *rule, uint32_t key_index);

/* Whether two configurations differ only where a reload may change something. False: text[] names
 * the options that need a restart, separated by ", ". */
bool lk_conf_reloadable(const struct lk_conf *running, const struct lk_conf *next, char *text,
                        size_t text_bytes);

/* The uses of a key against the kind it turned out to be. NULL: they fit; else what is wrong, as
 * the end of a sentence that names the key. For the loader: parsing does not know the kind. */
const char *lk_conf_key_uses_fault(const struct lk_conf_key *key, enum lk_key_kind kind);

/* TLS and DTLS. A test build replaces this function (transport.c) to serve plain tcp and udp, which
 * lk_conf_parse then still keeps to loopback addresses. */
bool lk_conf_transport_served(uint32_t transport);

/* 127.0.0.0/8 or ::1, as numeric text. */
bool lk_conf_loopback(const char *address);

#endif
