# defence: a group that is not in the list does not open the door
# file: tools/lurk-agent/door.c
# test: unit/agent/door_test
# red: door_lets_in_by_user_and_by_any_group
s/        if (door->group\[i\] == gid) return true;/        if (gid != 0) return true;/
