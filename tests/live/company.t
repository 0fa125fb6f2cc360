#!/bin/sh
# Another tracer comes to the same kernel functions, and leaves, while calls wait inside of them. The
# kernel, before 7.2, then jumps over fexit programs of those calls. So by fentry their returns are
# not seen: that is told, and nothing wrong is said of them; by all other routes, and on later kernels,
# nothing is missing. Accepts that went well are seen by any.
. "$(dirname "$0")/../lib.sh"
need_live

name=wait-$$
mkfifo "$T/go"
exec 3<>"$T/go"
tool() { # NAME OPTIONS...
	as=$1
	shift
	start "$@" -j -c $name -o "$T/$as" 2>"$T/$as.err"
	tracing "$T/$as"
	tools="${tools:-} $pid"
}
tool connects "$B/soconnect" -f all
tool final "$B/soconnect" -f all --final
tool families "$B/sofamily"
tool protocols "$B/soprotocol"
tool calls "$B/sockstat" --by call

: >"$T/ready"
python3 tests/waits.py $name <"$T/go" >"$T/ready" &
waits=$!
pids_="$pids_ $waits"
await 20 grep -q ready "$T/ready"
for other in soconnect sofamily sockstat; do
	run "$B/$other" -q -d 0.1
	is $rc 0 "another $other comes and goes"
done
echo >&3
finish $waits
is $rc 0 "all calls succeeded"
kill -INT $tools
for pid in $tools; do
	finish $pid
done

rows() {
	jq -s -c 'map(select(.type == "event")) | group_by([.family_name, .result]) |
		map([.[0].family_name, .[0].result, length])' "$T/$1"
}
sums() {
	jq -s -c --arg by "$2" 'map(select(.type == "report")) | group_by([.call, .[$by]]) |
		map([.[0].call, .[0][$by], (map(.ok) | add), (map(.failed + .again) | add),
		.[-1].pending // 0])' "$T/$1"
}
# told NAME N: so many ends were not seen
told_() {
	is "$(ends stale "$T/$1") $(ends pending "$T/$1")" "$2 0" "$1: $2 whose end was not seen"
	[ $2 = 0 ] || like "$(cat "$T/$1.err")" "$2 whose end was not seen" "$1: that is told"
}

# do connects return by an fexit that the kernel jumps over?
jumped() {
	uname -r | grep -Eq '^([1-6]\.|7\.[01]\.)' &&
		head -n 1 "$T/$1" | jq -e '.hooks.connect | test("fexit")' >"$T/.ok"
}
jumped connects && unseen=1 || unseen=0
is "$(rows connects)" "[[\"AF_INET\",\"Success\",$((5 - unseen))],[\"AF_UNIX\",\"Success\",$((3 - unseen))]]" \
	"soconnect: all others are shown, and nothing else"
told_ connects $((2 * unseen))
is "$(rows final)" "[[\"AF_INET\",\"Success\",5],[\"AF_UNIX\",\"Success\",$((3 - unseen))]]" \
	"soconnect --final: TCP's is, too, by its handshake"
told_ final $unseen
is "$(sums families family_name)" "[[\"accept\",\"AF_INET\",5,0,0],[\"accept\",\"AF_UNIX\",3,0,0],[\"connect\",\"AF_INET\",5,0,0],[\"connect\",\"AF_UNIX\",$((3 - unseen)),0,0]]" \
	"sofamily: the same, and all accepts"
told_ families $unseen
is "$(sums protocols protocol)" "[[\"accept\",0,3,0,0],[\"accept\",6,5,0,0],[\"connect\",0,$((3 - unseen)),0,0],[\"connect\",6,5,0,0]]" \
	"soprotocol: the same"
told_ protocols $unseen
jumped calls && unseen=1 || unseen=0
is "$(sums calls call | jq -c 'map(select(.[0] | IN("accept", "connect", "socket")))')" \
	"[[\"accept\",\"accept\",8,0,0],[\"connect\",\"connect\",$((8 - 2 * unseen)),0,0],[\"socket\",\"socket\",11,0,0]]" \
	"sockstat: all accepts and sockets, and the connects"

# which the doctor says of those routes
run "$B/sockray" doctor -j
is "$(jq -c '[.points[] | select(.point == "connect").routes[] | select(.fires) |
	(.hooks | test("fexit")) == (.not_seen | any(test("while another tracer")))] | unique' "$T/out")" \
	'[true]' "doctor: says so of just those routes"
done_testing
