#!/bin/sh
# Parity with the book: the bpftrace scripts of tests/book and our tools with --bt watch the same
# traffic. Where the book is right the lines are equal; where it is wrong the differences are its
# known defects, and nothing else. Each defect has a phase of its own, a process that does just
# that.
#
# Not asserted here:
#	what needs kprobes: sock_sendmsg no longer sees sends, recvmmsg(2) of 3 is 1, io_uring's
#		own tries count as receives, its connects twice (tests/vm/parity)
#	what is chance: another thread changes the address during the call, and the script
#		reads the new one; counts lost between print() and clear()
#	that the originals need kernel headers
. "$(dirname "$0")/../lib.sh"
. tests/book/compare.sh
need_live
[ -x "$B/operations" ] || skip_all "no $B/operations: make tests"

# ---- the traffic

if runs32; then
	operations32=operations32 traffic32=traffic32
else # the others' traffic is the same
	operations32=operations traffic32=traffic
	skip "the book's scripts don't see 32-bit programs" "this kernel runs no 32-bit programs"
fi
defect32() {
	[ $operations32 != operations32 ] || defect "$@"
}

cat >"$T/run.0" <<SH
$B/operations --expect $T/exp accept_addr accept_null accept_fd0 accept_stale accept_again \
	accept_eintr accept_restart accept_fallback connects_failed connects_async \
	connects_mptcp sockets binds uring_connects uring_direct &&
$B/$operations32 --expect $T/exp msgs_tcp &&
$B/traffic --named --expect $T/lines sa_restart eintr nb_late tcp_ok tcp_refused tcp_unreach \
	tcp_isconn tcp6 v4mapped nb_ok nb_ok_2nd nb_already nb_refused unspec_tcp unspec_udp udp \
	udp6 dup_family unix_path unix_dgram netlink badfd notsock efault badlen nonresident tfo_ok \
	threads &&
$B/$traffic32 --named --expect $T/exp tcp_any &&
echo all >$T/done
SH

# ---- all tools around it: each starts the next one once it is attached

n=0
around() { # COMMAND...: it runs the rest
	n=$((n + 1))
	echo "exec $*" >"$T/run.$n"
}
made=
book() { # TOOL SED'S COMMANDS
	made="$made $1.book"
	script $1 tracepoint "$2" >"$T/$1.bt"
	around bpftrace -q -o "$T/$1.book" "$T/$1.bt" -c "'/bin/sh $T/run.$n'"
}
ours() { # TOOL NAME OPTIONS
	made="$made $2"
	around "$B/$1" -q --compat $3 -o "$T/$2" -- sh "$T/run.$n"
}
book sofamily
book soprotocol
book soconnect
book sockstat "$with_comm"
ours sofamily sofamily.ours --bt
ours soprotocol soprotocol.ours --bt
ours soconnect soconnect.ours --bt
for phase in accept_addr accept_again accept_eintr accept_restart sockets binds uring_connects \
	uring_direct msgs_tcp; do
	ours sockstat sockstat.$phase "--bt -c $phase 90"
	stats="$stats $phase"
done
ours sofamily sofamily.json -j
ours sockstat sockstat.json "-j --by comm,call"
ours soconnect soconnect.final "--bt --final"
run sh "$T/run.$n"
if undecided "$T/err"; then
	(cd "$T" && rm $made exp lines done)
	run sh "$T/run.$n"
fi
is "$rc $(cat "$T/done" 2>&1)" "0 all" "the traffic, and all tools around it"
is "$(cat "$T/err" "$T"/*.book "$T"/*.bt 2>&1 | grep -E '^FAIL|^skip|^so[a-z]+: |^Lost|No such file')" \
	'' "nothing failed, nothing was lost"

# In one form: which process, without latency. sends and receives need kprobes in the book.
for phase in $stats; do
	sed -n "/kprobe:/d;s/^@\[/@[$phase, /p" "$T/sockstat.$phase"
done >"$T/sockstat.ours"
for side in ours book; do
	cp "$T/soconnect.$side" "$T/latency.$side"
	sed -i '/^PID/d;s/^\(.\{52\}\) *[0-9]*/\1/' "$T/soconnect.$side"
done

# ---- sofamily

same sofamily accept_addr connects_async tcp_ok tcp_refused tcp_unreach tcp_isconn tcp6 v4mapped \
	nb_ok nb_refused nb_late eintr unspec_tcp unspec_udp udp udp6 unix_path unix_dgram badfd \
	notsock badlen
defect sofamily accept_null "misses an accept that doesn't ask for the address" \
	"+@accept[accept_null, 2, AF_INET]: 5"
defect sofamily accept_fd0 "misses an accept that returns descriptor 0" \
	"+@accept[accept_fd0, 2, AF_INET]: 3"
defect sofamily accept_stale "takes what lay in the caller's buffer for the family" \
	"+@accept[accept_stale, 2, AF_INET]: 3
-@accept[accept_stale, 23130, ]: 3"
defect sofamily nonresident "has no family when the address isn't resident" \
	"+@connect[nonresident, 2, AF_INET]: 3
-@connect[nonresident, 0, AF_UNSPEC]: 2
-@connect[nonresident, 2, AF_INET]: 1"
defect sofamily efault "has none when there is no address" \
	"+@connect[efault, 2, AF_INET]: 1
-@connect[efault, 0, AF_UNSPEC]: 1"
defect sofamily dup_family "believes the address, not the socket" \
	"+@connect[dup_family, 10, AF_INET6]: 1
-@connect[dup_family, 2, AF_INET]: 1"
defect sofamily netlink "knows four families by name" \
	"+@connect[netlink, 16, AF_NETLINK]: 1
-@connect[netlink, 16, ]: 1"
defect sofamily sa_restart "counts a connect again when it is restarted" \
	"+@connect[sa_restart, 2, AF_INET]: 1
-@connect[sa_restart, 2, AF_INET]: 2"
defect sofamily nb_ok_2nd "counts a connect again when its result is asked for" \
	"+@connect[nb_ok_2nd, 2, AF_INET]: 1
-@connect[nb_ok_2nd, 2, AF_INET]: 2"
defect sofamily nb_already "counts a connect again when it is under way" \
	"+@connect[nb_already, 2, AF_INET]: 1
-@connect[nb_already, 2, AF_INET]: 2"
defect sofamily uring_connects "doesn't see io_uring's connects" \
	"+@connect[uring_connects, 1, AF_UNIX]: 1
+@connect[uring_connects, 2, AF_INET]: 5"
defect sofamily uring_direct "doesn't see io_uring's accepts" \
	"+@accept[uring_direct, 2, AF_INET]: 5"
defect sofamily tfo_ok "doesn't see TCP fast open" \
	"+@connect[tfo_ok, 2, AF_INET]: 1"
defect32 sofamily msgs_tcp "doesn't see 32-bit programs" \
	"+@accept[msgs_tcp, 10, AF_INET6]: 1
+@accept[msgs_tcp, 2, AF_INET]: 1
+@connect[msgs_tcp, 10, AF_INET6]: 1
+@connect[msgs_tcp, 2, AF_INET]: 1"
# --bt has no place for it either, but all else has
same sofamily connects_failed
is "$(grep connects_failed "$T/sofamily.book")" "@connect[connects_failed, 2, AF_INET]: 4" \
	"sofamily, connects_failed: the book counts what failed"
is "$(jq -c 'select(.comm == "connects_failed") | [.call, .ok, .failed]' "$T/sofamily.json")" \
	'["connect",1,3]' "sofamily, connects_failed: we tell it apart"

# ---- soprotocol

same soprotocol accept_null accept_fd0 accept_stale connects_failed connects_async tcp_ok \
	tcp_refused tcp_unreach tcp_isconn tcp6 v4mapped nb_ok nb_refused nb_late eintr unspec_tcp \
	unspec_udp udp udp6 dup_family efault badlen nonresident
defect soprotocol connects_mptcp "takes MPTCP for TCP" \
	"+@connect[connects_mptcp, 262, IPPROTO_MPTCP, MPTCP]: 2
-@connect[connects_mptcp, 6, IPPROTO_TCP, MPTCP]: 2"
defect soprotocol unix_path "takes 0 for IP, whatever the family" \
	"+@connect[unix_path, 0, , UNIX-STREAM]: 1
-@connect[unix_path, 0, IPPROTO_IP, UNIX-STREAM]: 1"
defect soprotocol netlink "takes 0 for IP, whatever the family" \
	"+@connect[netlink, 0, , NETLINK]: 1
-@connect[netlink, 0, IPPROTO_IP, NETLINK]: 1"
defect soprotocol accept_fallback "tells the listener's protocol, not the connection's" \
	"+@connect[accept_fallback, 6, IPPROTO_TCP, TCP]: 2
-@connect[accept_fallback, 6, IPPROTO_TCP, MPTCP]: 1
-@connect[accept_fallback, 6, IPPROTO_TCP, TCP]: 1"
defect soprotocol accept_again "counts accepts that found none waiting" \
	"+@connect[accept_again, 6, IPPROTO_TCP, TCP]: 2
-@connect[accept_again, 0, IPPROTO_IP, UNIX-STREAM]: 1
-@connect[accept_again, 6, IPPROTO_TCP, TCP]: 7"
defect soprotocol accept_eintr "counts accepts that were interrupted" \
	"-@connect[accept_eintr, 6, IPPROTO_TCP, TCP]: 2"
defect_often soprotocol accept_restart "counts an accept each time that it is restarted" \
	"+@connect[accept_restart, 6, IPPROTO_TCP, TCP]: 2
-@connect[accept_restart, 6, IPPROTO_TCP, TCP]: N"
defect soprotocol sa_restart "counts a connect again when it is restarted" \
	"+@connect[sa_restart, 6, IPPROTO_TCP, TCP]: 1
-@connect[sa_restart, 6, IPPROTO_TCP, TCP]: 2"
defect soprotocol nb_ok_2nd "counts a connect again when its result is asked for" \
	"+@connect[nb_ok_2nd, 6, IPPROTO_TCP, TCP]: 1
-@connect[nb_ok_2nd, 6, IPPROTO_TCP, TCP]: 2"
defect soprotocol tfo_ok "doesn't see TCP fast open" \
	"+@connect[tfo_ok, 6, IPPROTO_TCP, TCP]: 1"

# ---- sockstat

same sockstat accept_addr accept_again accept_eintr sockets binds
is "$(jq -s -c 'map(select(.comm == "accept_again" and .call == "accept")) |
	[map(.ok), map(.failed), map(.again)] | map(add)' "$T/sockstat.json")" "[1,0,6]" \
	"sockstat, accept_again: we tell apart accepts that found none waiting"
defect_often sockstat accept_restart "counts an accept each time that it is restarted" \
	"+@[accept_restart, tracepoint:syscalls:sys_enter_accept]: 1
-@[accept_restart, tracepoint:syscalls:sys_enter_accept]: N"
defect sockstat uring_connects "doesn't see io_uring's connects" \
	"+@[uring_connects, tracepoint:syscalls:sys_enter_connect]: 6"
defect sockstat uring_direct "doesn't see io_uring's accepts and sockets" \
	"+@[uring_direct, tracepoint:syscalls:sys_enter_accept4]: 5
+@[uring_direct, tracepoint:syscalls:sys_enter_socket]: 9
-@[uring_direct, tracepoint:syscalls:sys_enter_socket]: 6"
defect32 sockstat msgs_tcp "doesn't see 32-bit programs" \
	"+@[msgs_tcp, tracepoint:syscalls:sys_enter_accept]: 2
+@[msgs_tcp, tracepoint:syscalls:sys_enter_bind]: 2
+@[msgs_tcp, tracepoint:syscalls:sys_enter_connect]: 2
+@[msgs_tcp, tracepoint:syscalls:sys_enter_socket]: 4"

# ---- soconnect

is "$(grep PID "$T/latency.ours")" "$(grep PID "$T/latency.book")" "soconnect: the heading"
same soconnect tcp_ok tcp_refused tcp_unreach tcp_isconn tcp6 v4mapped nb_ok nb_ok_2nd nb_already \
	nb_refused nb_late unspec_tcp unspec_udp udp udp6 dup_family badfd notsock worker-0 worker-7
defect soconnect eintr "has no word for an interrupted connect" \
	"+2 127.0.0.1 PORT Interrupted
-2 127.0.0.1 PORT "
defect soconnect sa_restart "has a line for each time that it is restarted" \
	"-2 127.0.0.1 PORT "
defect soconnect badlen "prints an address that the kernel wasn't given" \
	"-2 127.0.0.1 PORT "
defect soconnect nonresident "misses connects when the address isn't resident" \
	"+2 127.0.0.1 PORT Already connected
+2 127.0.0.1 PORT Success"
defect soconnect uring_connects "doesn't see io_uring" \
	"+2 127.0.0.1 1 Connect refused
+2 127.0.0.1 PORT Success
+2 127.0.0.1 PORT Success
+2 127.0.0.1 PORT Success
+2 127.0.0.1 PORT Success"
defect soconnect tfo_ok "doesn't see TCP fast open" "+2 127.0.0.1 PORT Success"
defect32 soconnect tcp_any "doesn't see 32-bit programs" "+2 0.0.0.0 PORT Success"

# microseconds PHASE SIDE: LAT(us) of its one line
microseconds() {
	awk -v phase=$1 '$2 == phase { print $6 }' "$T/latency.$2"
}
for phase in tcp_ok tcp_refused tcp6 udp nb_ok nb_late; do
	range=$(jq -r "select(.case == \"$phase\") | .lat_ns | map(. / 1000 | floor) | @text" \
		"$T/lines")
	for side in ours book; do
		us=$(microseconds $phase $side)
		ok "soconnect, $phase, $side: $us us is within $range" \
			jq -n -e "$range | .[0] <= $us and $us <= .[1]"
	done
done
cp "$T/soconnect.final" "$T/latency.final"
is "$(sed -n 's/.* nb_late .* [0-9]* \([A-Z].*\)/\1/p' "$T/latency.book" "$T/latency.final")" \
	"In progress
Success" "soconnect, nb_late: the book doesn't tell how it ends; --final does"
ok "soconnect, nb_late: the book's latency isn't that of the connection; --final's is" \
	[ "$(microseconds nb_late final)" -gt $((10 * $(microseconds nb_late book))) ]

done_testing
