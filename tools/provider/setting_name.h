/* setting_name: the names a line of the provider's section in openssl.cnf may have. OpenSSL passes
 * over all others without a word, so whoever reads the file asks here.
 * Thread any. */
#ifndef LK_TOOLS_PROVIDER_SETTING_NAME_H
#define LK_TOOLS_PROVIDER_SETTING_NAME_H

#include <stdbool.h>

/* In the order they are taken: the trace first, so that the rest is seen in it. */
enum lk_setting {
    LK_SETTING_TRACE,
    LK_SETTING_AGENT,
    LK_SETTING_MODE,
    LK_SETTING_FALLBACK,
    LK_SETTING_VERIFY,
    LK_SETTING_WAIT_MS,
    LK_SETTING_COUNT
};
extern const char *const lk_setting_names[LK_SETTING_COUNT];

/* Theirs, for a sentence: "agent, mode, ...". */
#define LK_SETTING_LIST "agent, mode, fallback, verify, wait_ms, trace"

/* One of ours, or of those that OpenSSL itself takes in the section of a provider. */
bool lk_setting_known(const char *name);

#endif
