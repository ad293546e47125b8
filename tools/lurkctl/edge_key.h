/* edge_key: `lurkctl edge key`, the key file from a certificate alone (tools/provider/keyfile.h).
 */
#ifndef LK_TOOLS_LURKCTL_EDGE_KEY_H
#define LK_TOOLS_LURKCTL_EDGE_KEY_H

/* argv[0] is "key". Writes to standard output or, with -o, to a file, which is there whole or not
 * at all and never takes the place of anything but a key file. Returns the exit status. */
int lk_edge_key(int argc, char **argv);

#endif
