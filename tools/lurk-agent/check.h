/* check: everything a configuration names, looked at without serving anything. */
#ifndef LK_TOOLS_LURK_AGENT_CHECK_H
#define LK_TOOLS_LURK_AGENT_CHECK_H

/* Prints what each file is, and a line a fault on standard error. Returns the exit code. */
int lk_agent_check(const char *conf_path);

#endif
