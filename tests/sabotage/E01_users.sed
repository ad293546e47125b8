# defence: another user does not come in
# file: tools/lurk-agent/door.c
# test: unit/agent/door_test
# red: door_lets_in_by_user_and_by_any_group
s/        if (door->user\[i\] == peer.uid) return true;/        return true;/
