/* vault: the process that holds the private keys. Its control thread takes orders from the
 * supervisor over a channel (docs/architecture.md), its workers take jobs from the segment. It has
 * no socket and opens no file.
 *
 * Thread  lk_vault_run is the control thread's whole life. Ends at STOP or at the channel's end of
 * file. */
#ifndef LK_IO_VAULT_H
#define LK_IO_VAULT_H

/* In a process of its own: secret memory for everything, then lk_vault_run on a secret stack.
 * Returns the exit code. */
int lk_vault_main(int channel);
/* The control thread. The channel is closed at the end. Returns the exit code. */
int lk_vault_run(int channel);

#endif
