/* edge: sub-commands for an edge host. They read and write files; no server is asked. */
#ifndef LK_TOOLS_LURKCTL_EDGE_H
#define LK_TOOLS_LURKCTL_EDGE_H

#include <stdio.h>

/* argv[0] is "edge", a sub-command and its options follow. Returns the exit status: 0, 1 when a
 * file is not what it should be or cannot be written, 2 for a bad command line. */
int lk_edge_main(int argc, char **argv);

/* One line a sub-command. */
void lk_edge_usage(FILE *to);

#endif
