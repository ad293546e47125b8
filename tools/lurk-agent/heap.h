/* heap: what libcrypto and libssl free is wiped first: records and messages that went through them
 * hold secrets of handshakes. To be called before anything of theirs. */
#ifndef LK_TOOLS_LURK_AGENT_HEAP_H
#define LK_TOOLS_LURK_AGENT_HEAP_H

#include <stdbool.h>

/* False: libcrypto has allocated already. */
bool lk_heap_wipes(void);

#endif
