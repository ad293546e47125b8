/* front: the process that faces the network and holds no provider's key. Its control thread takes
 * orders from the supervisor over a channel (docs/architecture.md), builds views, starts the loops
 * and hands them views and epochs.
 *
 * Thread  lk_front_run is the control thread's whole life. Ends at STOP or at the channel's end of
 * file. */
#ifndef LK_IO_FRONT_H
#define LK_IO_FRONT_H

/* In a process of its own: confined first. Returns the exit code. */
int lk_front_main(int channel);
/* The control thread. The channel is closed at the end. Returns the exit code. */
int lk_front_run(int channel);

#endif
