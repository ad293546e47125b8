#include "tools/liblurk/lurk.h"

#include "core/wire/registry.h"

static const struct {
    int error;
    const char *name, *text;
} rows[] = {
    {LURK_OK, "LURK_OK", "done"},
    {LURK_ERR_ARGUMENT, "LURK_ERR_ARGUMENT", "a field is missing, unknown or too long"},
    {LURK_ERR_ROOM, "LURK_ERR_ROOM", "the message does not fit"},
    {LURK_ERR_MEMORY, "LURK_ERR_MEMORY", "no memory"},
    {LURK_ERR_SYSTEM, "LURK_ERR_SYSTEM", "the system refused"},
    {LURK_ERR_CRYPTO, "LURK_ERR_CRYPTO", "libcrypto or libssl refused"},
    {LURK_ERR_SHARE, "LURK_ERR_SHARE", "the private number does not belong to the public point"},
    {LURK_ERR_REFUSED, "LURK_ERR_REFUSED", "the key server refused the request"},
    {LURK_ERR_BUSY, "LURK_ERR_BUSY", "the key server has no room now"},
    {LURK_ERR_ANSWER, "LURK_ERR_ANSWER", "the key server sent what no client may accept"},
    {LURK_ERR_STRAY, "LURK_ERR_STRAY", "there is no such call"},
    {LURK_ERR_TIMEOUT, "LURK_ERR_TIMEOUT", "no answer in time"},
    {LURK_ERR_FULL, "LURK_ERR_FULL", "too many calls are in flight"},
    {LURK_ERR_CLOSED, "LURK_ERR_CLOSED", "the connection is closed"},
    {LURK_ERR_PEER, "LURK_ERR_PEER", "one side did not accept the other"},
    {LURK_ERR_FORKED, "LURK_ERR_FORKED", "the connection belongs to another process"},
    {LURK_ERR_NO_SERVER, "LURK_ERR_NO_SERVER", "the agent has no healthy key server"},
    {LURK_ERR_PACKET, "LURK_ERR_PACKET", "the agent calls the request malformed"},
    {LURK_ERR_VERSION, "LURK_ERR_VERSION", "the agent does not speak this version"},
    {LURK_ERR_FORBIDDEN, "LURK_ERR_FORBIDDEN", "the agent does not serve this user"},
    {LURK_ERR_LEAVING, "LURK_ERR_LEAVING", "the agent is going away"},
};

const char *lurk_error_name(int error)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == error) return rows[i].name;
    return "unknown";
}

const char *lurk_error_text(int error)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == error) return rows[i].text;
    return "an error that is not one of LURK's";
}

/* --- registry ------------------------------------------------------------------------------- */

const char *lurk_exchange_name(uint8_t extension, uint8_t type)
{
    int id = lk_exchange_find(extension, 1, type);
    return id >= 0 ? lk_exchange_name((enum lk_exchange_id)id) : "unknown";
}

/* 0 to 2 are everybody's (lurk.md 3). */
static const char *const common[] = {"request", "success", "undefined_error"};
static const char *const lurk[] = {[3] = "invalid_format",
                                   [4] = "invalid_extension",
                                   [5] = "invalid_type",
                                   [6] = "invalid_status",
                                   [7] = "temporary_failure"};
static const char *const tls12[] = {[3] = "invalid_payload_format",
                                    [4] = "invalid_key_id_type",
                                    [5] = "invalid_key_id",
                                    [6] = "invalid_tls_random",
                                    [7] = "invalid_freshness_funct",
                                    [8] = "invalid_encrypted_premaster",
                                    [9] = "invalid_finished",
                                    [10] = "invalid_ec_type",
                                    [11] = "invalid_ec_curve",
                                    [12] = "invalid_poo_prf",
                                    [13] = "invalid_poo",
                                    [14] = "invalid_cipher_or_prf_hash"};
static const char *const tls13[] = {[3] = "invalid_format",
                                    [4] = "invalid_secret_request",
                                    [5] = "invalid_session_id",
                                    [6] = "invalid_handshake",
                                    [7] = "invalid_freshness",
                                    [8] = "invalid_ephemeral",
                                    [9] = "invalid_psk",
                                    [10] = "invalid_certificate",
                                    [11] = "invalid_type",
                                    [12] = "invalid_cert_type",
                                    [15] = "invalid_status",
                                    [17] = "invalid_signature_scheme",
                                    [19] = "invalid_certificate_verify",
                                    [21] = "too_many_identities"};
static const char *const split[] = {[3] = "invalid_payload_format",
                                    [4] = "invalid_key_id_type",
                                    [5] = "invalid_key_id",
                                    [6] = "invalid_tls_random",
                                    [7] = "invalid_freshness_funct",
                                    [8] = "invalid_public_value",
                                    [9] = "invalid_group",
                                    [10] = "invalid_sig_scheme",
                                    [11] = "invalid_prf_hash",
                                    [12] = "invalid_poo_prf",
                                    [13] = "invalid_poo",
                                    [14] = "invalid_handshake",
                                    [15] = "invalid_form",
                                    [17] = "invalid_psk_identity",
                                    [18] = "invalid_handle",
                                    [19] = "invalid_digest",
                                    [20] = "invalid_cert_request",
                                    [21] = "invalid_cert_name",
                                    [22] = "too_many_requests"};

static const struct {
    uint8_t extension;
    const char *const *name;
    size_t count;
} statuses[] = {
    {LURK_LURK, lurk, sizeof lurk / sizeof lurk[0]},
    {LURK_TLS12, tls12, sizeof tls12 / sizeof tls12[0]},
    {LURK_TLS13, tls13, sizeof tls13 / sizeof tls13[0]},
    {LURK_SPLIT, split, sizeof split / sizeof split[0]},
};

const char *lurk_status_name(uint8_t extension, uint8_t status)
{
    if (status < sizeof common / sizeof common[0]) return common[status];
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].extension == extension && status < statuses[i].count &&
            statuses[i].name[status] != NULL)
            return statuses[i].name[status];
    return "unknown";
}
