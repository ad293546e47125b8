/* testbuild: what the programs of CONFIG=test do otherwise than those of a release. The linker puts
 * these functions in the place of the production ones (testbuild.wrap lists them), so production
 * sources carry nothing of it.
 *
 *   transports  plain tcp and udp, on loopback only (core/conf/check.c judges the address)
 *   freshness   255, null: F(S) = S, so that known answers of TLS itself can be asked for
 *   dumps       on, to look for secrets in them
 *   injected    certain bytes make a child try what an attacker's code would (injected.c)
 *   spoil       a request whose S has the magic words behind its time, then a number (one byte), makes
 *               so many results of RSA kernels go wrong, its own first (spoil.h)
 *
 * Never to be run beside anything of value. */
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "core/policy/freshness.h"
#include "io/transport.h"
#include "tests/support/spoil.h"

#define FRESHNESS_NULL 255
#define SPOIL_MAGIC "lurk-spoil-lanes"
#define SPOIL_MAGIC_BYTES 16

const struct lk_transport *__real_lk_transport_find(enum lk_transport_id id);
const struct lk_transport *__wrap_lk_transport_find(enum lk_transport_id id);
bool __real_lk_conf_transport_served(uint32_t transport);
bool __wrap_lk_conf_transport_served(uint32_t transport);
bool __real_lk_freshness_known(uint8_t funct);
bool __wrap_lk_freshness_known(uint8_t funct);
void __real_lk_freshness_tls12_of(uint8_t funct, const uint8_t s[LK_RANDOM_BYTES],
                                  const uint8_t digest[LK_RANDOM_BYTES], uint8_t fs[LK_RANDOM_BYTES]);
void __wrap_lk_freshness_tls12_of(uint8_t funct, const uint8_t s[LK_RANDOM_BYTES],
                                  const uint8_t digest[LK_RANDOM_BYTES], uint8_t fs[LK_RANDOM_BYTES]);
void __wrap_lk_sandbox_dumps_off(void);
void lk_injected_look(const uint8_t s[LK_RANDOM_BYTES]); /* injected.c */

static const struct lk_transport *const plain[] = {&lk_transport_tcp, &lk_transport_udp};

static const struct lk_transport *plain_find(uint32_t id)
{
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (plain[i]->id == id) return plain[i];
    return NULL;
}

const struct lk_transport *__wrap_lk_transport_find(enum lk_transport_id id)
{
    const struct lk_transport *row = __real_lk_transport_find(id);
    return row != NULL ? row : plain_find(id);
}

bool __wrap_lk_conf_transport_served(uint32_t transport)
{
    return __real_lk_conf_transport_served(transport) || plain_find(transport) != NULL;
}

bool __wrap_lk_freshness_known(uint8_t funct)
{
    return funct == FRESHNESS_NULL || __real_lk_freshness_known(funct);
}

extern const struct lk_rsa_kernel __real_lk_rsa_private_x8_ifma[LK_RSA_CLASS_COUNT];
struct lk_rsa_kernel __wrap_lk_rsa_private_x8_ifma[LK_RSA_CLASS_COUNT];

__attribute__((constructor)) static void take_kernels(void)
{
    lk_spoil_kernels(__wrap_lk_rsa_private_x8_ifma, __real_lk_rsa_private_x8_ifma);
}

static void look_for_spoil(const uint8_t s[LK_RANDOM_BYTES])
{
    if (memcmp(s + 4, SPOIL_MAGIC, SPOIL_MAGIC_BYTES) == 0) lk_spoil_next(s[4 + SPOIL_MAGIC_BYTES]);
}

void __wrap_lk_freshness_tls12_of(uint8_t funct, const uint8_t s[LK_RANDOM_BYTES],
                                  const uint8_t digest[LK_RANDOM_BYTES], uint8_t fs[LK_RANDOM_BYTES])
{
    lk_injected_look(s);
    look_for_spoil(s);
    if (funct == FRESHNESS_NULL)
        memcpy(fs, s, LK_RANDOM_BYTES);
    else
        __real_lk_freshness_tls12_of(funct, s, digest, fs);
}

void __wrap_lk_sandbox_dumps_off(void)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &all);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
