/* line: a connection to an agent, and the clock beside it where a paused job waits for an answer. A
 * thread keeps those that are between two calls, up to LK_LINES_MAX, and lends them out; the one
 * that was not used for longest makes room. A child of a fork closes what it finds of its parent's,
 * which the transport tells: a clock's time would be set in both.
 * Thread any: a line goes back to the thread that puts it. */
#ifndef LK_TOOLS_PROVIDER_LINE_H
#define LK_TOOLS_PROVIDER_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/provider/keyfile.h"

#define LK_LINES_MAX 16

struct lurk_transport;
struct lk_pkey;

struct lk_line {
    char agent[LK_KEYFILE_AGENT_MAX + 1];
    struct lurk_transport *transport; /* NULL: none */
    int clock_fd;                     /* timerfd, monotonic; -1: of a program that blocks */
    unsigned used;                    /* the thread's count of lines put back, then */
};

/* What a thread keeps. All zero: nothing. */
struct lk_lines {
    unsigned count;
    struct lk_line line[LK_LINES_MAX];
};

/* A line to the key's agent, of the calling thread or a new one, which is not open yet. clocked:
 * with a clock, both descriptors out of the lower numbers, and no sign that the agent went
 * meanwhile. False: text says why, or errno. */
bool lk_line_take(struct lk_line *line, const struct lk_pkey *key, bool clocked, char *text,
                  size_t text_bytes);
/* A line whose call is over, with its answer copied: what the line has of it is wiped. Closed where
 * the agent is seen to have gone. */
void lk_line_put(struct lk_line *line);
/* Also where there is none. */
void lk_line_close(struct lk_line *line);

void lk_lines_close(struct lk_lines *lines);

#endif
