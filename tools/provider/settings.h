/* settings: the lines of the provider's own section in openssl.cnf, read through the core. */
#ifndef LK_TOOLS_PROVIDER_SETTINGS_H
#define LK_TOOLS_PROVIDER_SETTINGS_H

#include "tools/provider/provider.h"

/* agent, mode, fallback, verify, wait_ms, trace; what is missing has its default. Opens the trace's
 * file, while the program may still open files.
 * A line whose name is none of these is told of (lk_prov_say), where the file can be read.
 * False: a value that is not understood, named in the error queue. Better no TLS than keys used in
 * another way than was written. */
bool lk_settings_init(struct lk_prov *prov);
void lk_settings_fini(struct lk_settings *settings);

#endif
