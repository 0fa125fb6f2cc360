#!/bin/sh
# Each tool, in each form, uses no memory that isn't its own or holds nothing yet, and when it ends all
# memory is given back and every descriptor closed: by valgrind. What is not to be told of is in
# tests/valgrind.supp. The plain build only: sanitizers and valgrind don't go together. With --no-drop, as
# valgrind has no seccomp(2).
. "$(dirname "$0")/../lib.sh"
need_live

# clean NAME TOOL OPTIONS...: valgrind finds nothing
clean() {
	name=$1 tool=$2
	shift 2
	rm -f "$T"/log.* "$T/act"
	bound 240 valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect,possible \
		--errors-for-leak-kinds=definite,indirect,possible --track-fds=yes \
		--child-silent-after-fork=yes --error-exitcode=99 --num-callers=24 \
		--suppressions=tests/valgrind.supp --log-file="$T/log.%p" \
		"$B/$tool" --no-drop "$@" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	# commands that valgrind doesn't know, and descriptors that were open before
	left=$(sed 's/^[-=]*[0-9]*[-=]* *//' "$T"/log.* | awk '
		/unhandled eBPF command/ || /^$/ || /^FILE DESCRIPTORS: / { next }
		/^Open file descriptor/ { descriptor = $0; next }
		/^<inherited from parent>/ { descriptor = ""; next }
		descriptor != "" { print descriptor; descriptor = "" }
		{ print }')
	is "$rc$left" 0 "$tool: $name"
}

few="connects msgs_udp accept_ok"
clean "text" soconnect -w -- "$B/traffic" tcp_ok udp unix_path
clean "JSON, --final" soconnect -j --final -o "$T/act" -- "$B/traffic" --final tcp_ok tcp_refused
ok "soconnect: rows came" grep -q '"type":"event"' "$T/act"
clean "CSV, filters, --stats" soconnect -s --stats -a 127.0.0.0/8,::1 -P 1-65535 -c 'tr*' \
	-o "$T/act" -- "$B/traffic" --named tcp_ok udp
clean "--count" soconnect --count 0.3 -- "$B/traffic" tcp_ok tcp_refused
clean "text" sockstat 0.5 2
clean "JSON" sockstat -j -o "$T/act" -- "$B/operations" $few
lasts="sleep 1 | $B/callpath -w 3"
clean "-U -K --by, text" sockstat -U -K --by call,comm -- sh -c "$lasts"
clean "-U --folded" sockstat -U --folded -o "$T/act" -- sh -c "$lasts"
ok "sockstat -U --folded: stacks came" grep -q 'callpath;.*;' "$T/act"
clean "JSON, --top" sofamily -j --top 3 -o "$T/act" -- "$B/operations" $few
clean "--bt" soprotocol --bt -- "$B/operations" $few
done_testing
