#!/bin/sh
# Every filter passes exactly the rows that it should, and the account holds: what was made is
# what was shown, filtered out or lost. Exercises -c -u -4 -6 -f -P -a -x -e --min-lat --protocol
# --cgroup --netns with -- COMMAND, -p --tid --follow on processes that run already, filters
# together, and --final.
. "$(dirname "$0")/../lib.sh"
need_live

cases="tcp_ok tcp_any tcp_refused tcp_unreach tcp_isconn tcp6 v4mapped mptcp nb_ok nb_refused
	unspec_tcp udp udp6 unix_path unix_abstract unix_missing netlink badfd notsock efault
	tfo_ok tfo_refused uring_ok uring_refused uring_missing"
all_cases=$cases

# expected: $T/exp as it has to be after the filter: $T/want
want() {
	jq -c "select($1)" "$T/exp" >"$T/want"
}

# Other processes connect too, and are turned away: a witness sees all that happens on the host
# from `before` to `account`.
rm -f "$T/witness"
start "$B/soconnect" -j -f all -o "$T/witness"
witness=$pid
tracing "$T/witness"
witnessed() {
	grep -c '"type":"event"' "$T/witness"
}
before() {
	witnessed_=$(witnessed)
}
# account NAME [FILE]: the rows of $T/exp were made; is each of them accounted for, and is nothing
# counted that nobody made?
account() {
	made=$(wc -l <"${2:-$T/exp}")
	accounted=$(jq -r 'select(.type == "end") |
		.events + .filtered + .lost + .map_full + .stale + .pending' "$T/act")
	most=$made
	if [ "$accounted" != "$made" ]; then
		sleep 0.2
		most=$(($(witnessed) - witnessed_))
	fi
	ok "$1: $made were made, $accounted accounted for" \
		[ "$accounted" -ge "$made" -a "$accounted" -le "$most" ]
}

# shown NAME PREDICATE OPTIONS...: of the rows of $cases those that the predicate (jq) holds for
shown() {
	name=$1 predicate=$2
	shift 2
	before
	run "$B/soconnect" -j "$@" -o "$T/act" -- "$B/traffic" $final --expect "$T/exp" $cases
	[ $rc = 0 ] || diag "$out$err"
	want "$predicate"
	some=$(wc -l <"$T/want")
	ok "$name: $some rows" "$B/compare" "$T/want" "$T/act"
	account "$name"
}

final=
# what counts as a failure, a connection that is merely under way doesn't
failed='(.errno != null and .errno != "EINPROGRESS")'
ip='(.family == 2 or .family == 10)'

cases="$all_cases threads"
shown "-f all" true -f all
cases=$all_cases
shown "by default" "$ip"
shown "-4" '.family == 2' -4
shown "-6" '.family == 10' -6
shown "-4 -6" "$ip" -4 -6
shown "-f inet6" '.family == 10' -f inet6
shown "-f unix" '.family == 1' -f unix
shown "-f local,AF_NETLINK" '.family == 1 or .family == 16' -f local,AF_NETLINK
shown "--family 16" '.family == 16' --family 16
shown "-f vsock" false -f vsock
shown "-4 -f unix" '.family == 2 or .family == 1' -4 -f unix

shown "--protocol tcp" '.protocol == 6 and '"$ip" --protocol tcp
shown "--protocol udp" '.protocol == 17 and '"$ip" --protocol udp
shown "--protocol mptcp,17" '.protocol == 262 or .protocol == 17' --protocol mptcp,17
shown "--protocol sctp" false --protocol sctp

shown "-P 4242" '.rport == 4242' -P 4242
shown "-P range" '.rport != null and .rport <= 45000' -P 0-45000 -f all
shown "-P list" '.rport == 4242 or (.rport != null and .rport >= 45001 and .rport <= 60000)' \
	--port 4242,45001-60000

shown "-a 127.0.0.1" '.raddr == "127.0.0.1" or .raddr == "::ffff:127.0.0.1"' -a 127.0.0.1
shown "-a 127.0.0.0/8" '.raddr == "127.0.0.1" or .raddr == "::ffff:127.0.0.1"' -a 127.0.0.0/8
shown "-a ::1" '.raddr == "::1"' -a ::1
shown "-a two networks" '.raddr == "::1" or .raddr == "255.255.255.255"' \
	--addr ::1/128,255.255.0.0/16 -f all
shown "-a 10.0.0.0/8" false -a 10.0.0.0/8
shown "-a 0.0.0.0/0" '(.raddr != null) and (.family == 2 or .raddr == "::ffff:127.0.0.1")' \
	-a 0.0.0.0/0

shown "-x" "$ip and $failed" -x
shown "-x -f all" "$failed" --failed -f all
shown "-e ECONNREFUSED" '.errno == "ECONNREFUSED"' -e ECONNREFUSED -f all
shown "-e list" '.errno == "ENOENT" or .errno == "EBADF"' --errno ENOENT,EBADF -f all
shown "-e number" '.errno == "ECONNREFUSED"' -e 111 -f all
shown "-e EINPROGRESS" '.errno == "EINPROGRESS"' -e EINPROGRESS
shown "-x -e EISCONN" '.errno == "EISCONN"' -x -e EISCONN

shown "-c traffic" "$ip" -c traffic
shown "-c glob" "$ip" -c 'tr*'
shown "-c glob with ?" "$ip" --comm 't?aff*c'
shown "-c is exact" false -c traffi
shown "-c isn't a prefix of it" false -c traffic2
shown "-c glob must match to the end" false -c '*raf'
for glob in '*raf' '*aaaab' '*a*a*a*a*a*a*a*' '?*?*?*?*?*?*?*?' '*?x??*?y??*z' '???????????????' \
	'*bbbbbbbbbbbbbb' '*ababababab?bac' 'a*b*c*d*e*f*g*h' '***************'; do
	ok "-c '$glob' loads at once" bound 5 "$B/soconnect" -q -H -c "$glob" -d 0.01
done
cases="tcp_ok threads"
shown "-c is the process, not the thread" false -c 'worker-*'
cases=$all_cases

shown "several filters" '.family == 2 and .errno == "ECONNREFUSED" and .protocol == 6' \
	-4 -x -e ECONNREFUSED,ENOENT --protocol tcp -a 127.0.0.0/8 -P 1-65535 -c 'traff*' -u 0

cases="sndtimeo tcp_ok udp tcp_refused"
shown "--min-lat" '.lat_ns[0] > 200000000' --min-lat 200000
shown "--min-lat 0" true --min-lat 0

final=--final
cases="$all_cases sndtimeo nb_late nb_closed nb_exit killed"
shown "--final -f all" true --final -f all
shown "--final -x" "$ip"' and (.errno != null or (.result // "" | test("losed|xited|illed")))' \
	--final -x
shown "--final -e ECONNREFUSED" '.errno == "ECONNREFUSED"' --final -e ECONNREFUSED
cases="nb_late tcp_ok udp tcp_refused"
shown "--final --min-lat" '.lat_ns[0] > 250000000' --final --min-lat 250000
final=

# ---- several processes below one COMMAND: the expectations of those that are to be seen

# some NAME "OPTIONS" SHELL-COMMANDS: rows of $T/exp, but not of $T/not
some() {
	rm -f "$T/exp" "$T/not"
	(umask 0; : >"$T/exp"; : >"$T/not")
	before
	run "$B/soconnect" -j -f all $2 -o "$T/act" -- sh -c "$3"
	[ $rc = 0 ] || diag "$out$err"
	ok "$1: rows are expected" [ -s "$T/exp" ]
	ok "$1" "$B/compare" "$T/exp" "$T/act"
	cat "$T/exp" "$T/not" >"$T/both"
	account "$1" "$T/both"
}

# nobody may run it, wherever the project lies
mkdir -m 755 "$T/bin" && cp "$B/traffic" "$T/bin/" && chmod 755 "$T/bin/traffic"
yes="$T/bin/traffic --expect $T/exp" no="$T/bin/traffic --expect $T/not"
# (setpriv would ask nscd: more connects)
nobody="perl -e '\$( = \$) = qq(65534 65534); \$< = \$> = 65534; exec @ARGV'"
chmod 777 "$T"

some "-u by number" "-u 65534" "$nobody $yes udp tcp_ok unix_missing; $no tcp_ok udp"
some "-u by name" "--uid nobody" "$nobody $yes udp tcp_ok unix_missing; $no tcp_ok udp"
some "-u root" "-u root" "$nobody $no udp tcp_ok unix_missing; $yes tcp_ok udp"
chmod 755 "$T"

cp "$B/traffic" "$T/bin/other"
some "-c of one of two" "-c python3" \
	"python3 -c '
import json, os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((\"127.0.0.1\", 9))
print(json.dumps({\"case\": \"python\", \"pid\": os.getpid(), \"comm\": \"python3\", \"rport\": 9,
	\"lat_ns\": [0, 10**10]}))
' >$T/exp; $no udp udp6 tcp_refused"

mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=sockray-test.$$
if [ -n "$mount" ] && mkdir "$mount/$group" "$mount/$group/inner" "$mount/$group-2" 2>/dev/null; then
	at_exit "rmdir $mount/$group/inner $mount/$group $mount/$group-2"
	home=$(awk -F: '$1 == 0 { print $3 }' /proc/self/cgroup)
	# in GROUP COMMANDS
	in_group() {
		echo "sh -c 'echo 0 >$mount/$1/cgroup.procs; $2';"
	}
	id=$(stat -c %i "$mount/$group/inner")
	both="$(in_group $group/inner "$yes udp tcp_ok") $(in_group $group-2 "$no udp")
		$(in_group $group "$no tcp_refused; $no.2 udp")"
	for how in "$mount/$group/inner" "$group/inner" "/$group/inner" "$id"; do
		case $how in
		$mount*) name="a path" ;;
		/*) name="a path below the mount" ;;
		*/*) name="the same without a slash" ;;
		*) name="an id" ;;
		esac
		rm -f "$T/not.2"
		some "--cgroup $name" "--cgroup $how" "$(in_group $group/inner "$yes udp tcp_ok") \
			$(in_group $group-2 "$no udp") $no.2 udp; cat $T/not.2 >>$T/not"
	done
	some "--cgroup includes those below" "--cgroup $group" \
		"$(in_group $group/inner "$yes udp tcp_ok") $(in_group $group-2 "$no udp")"
	some "--cgroup of the mount is everything" "--cgroup $mount" \
		"$(in_group $group/inner "$yes udp tcp_ok")"
else
	skip "--cgroup" "no cgroup2 to make a group in"
fi

if ip netns add "$group" 2>"$T/err"; then
	at_exit "ip netns del $group"
	inum=$(ip netns exec "$group" stat -L -c %i /proc/self/ns/net)
	start ip netns exec "$group" sleep 1000
	await 5 sh -c "[ \$(stat -L -c %i /proc/$pid/ns/net) = $inum ]"
	for how in "$group" "$inum" "pid:$pid"; do
		case $how in
		pid*) name="pid:PID" ;;
		sock*) name="a name" ;;
		*) name="a number" ;;
		esac
		some "--netns $name" "--netns $how" \
			"ip netns exec $group ip link set lo up
			ip netns exec $group $yes udp tcp_ok unix_missing badfd; $no udp tcp_refused"
	done
	# the socket's, not the process's
	some "--netns is the socket's" "--netns $group" "python3 -c '
import ctypes, json, os, socket
home = os.open(\"/proc/self/ns/net\", os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
def enter(fd):
    if libc.setns(fd, 0):
        raise OSError(ctypes.get_errno(), \"setns\")
def udp():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here = udp()
enter(os.open(\"/run/netns/$group\", os.O_RDONLY))
there = udp()
here.connect((\"127.0.0.1\", 9))
enter(home)
there.connect((\"127.0.0.1\", 10))
def row(port):
    return json.dumps({\"case\": \"setns\", \"pid\": os.getpid(), \"rport\": port, \"netns\": $inum,
                       \"lat_ns\": [0, 10**10]})
open(\"$T/exp\", \"w\").write(row(10) + \"\\n\")
open(\"$T/not\", \"w\").write(row(9) + \"\\n\")
'"
else
	skip "--netns" "$(cat "$T/err")"
fi

# ---- processes that run already

# A process with a thread and a child, all of which connect twice when it reads a line; the child
# is told to have a child of its own then. It writes who is who, and with which port.
cat >"$T/family.py" <<'PY'
import json, os, socket, sys, threading
gettid = threading.get_native_id
def connect(port):
    for i in range(2):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", port))
def tell(who, port):
    print(json.dumps({"who": who, "case": who, "pid": os.getpid(), "tid": gettid(), "rport": port,
                      "lat_ns": [0, 10**10]}), flush=True)
go = threading.Event()
def thread():
    tell("thread", 7002)
    go.wait()
    connect(7002)
r, w = os.pipe()
if os.fork() == 0:
    os.close(w)
    tell("child", 7003)
    os.read(r, 1)
    connect(7003)
    if os.fork() == 0:
        tell("grandchild", 7004)
        connect(7004)
        os._exit(0)
    os.wait()
    os._exit(0)
os.close(r)
t = threading.Thread(target=thread)
t.start()
tell("main", 7001)
sys.stdin.readline()
connect(7001)
go.set()
t.join()
os.close(w)
os.wait()
connect(7001)
PY

# seen NAME "WHO WHO..." OPTIONS...: with MAIN, THREAD, CHILD in the options for their ids
seen() {
	name=$1 who=$2
	shift 2
	rm -f "$T/go" "$T/act"
	mkfifo "$T/go"
	: >"$T/who"
	python3 "$T/family.py" <"$T/go" >"$T/who" 2>"$T/err" &
	family=$!
	pids_="$pids_ $family"
	exec 9>"$T/go"
	await 20 sh -c "[ \$(wc -l <$T/who) = 3 ]" || diag "$(cat "$T/err")"
	options=$(echo "$*" | sed -e "s/MAIN/$(id_of main)/g" -e "s/THREAD/$(id_of thread)/" \
		-e "s/CHILD/$(id_of child)/")
	before
	start "$B/soconnect" -j $options -o "$T/act"
	tracing "$T/act"
	echo >&9
	exec 9>&-
	wait $family
	kill -INT $pid
	finish $pid
	# main connects four times, the others twice
	jq -c 'if .who == "main" then (., .) else . end | (., .)' "$T/who" >"$T/exp"
	jq -c --arg who " $who " 'select(.who as $w | $who | contains(" " + $w + " ")) |
		del(.who)' "$T/exp" >"$T/want"
	ok "$name" "$B/compare" "$T/want" "$T/act"
	account "$name"
	is $rc 0 "$name: exit code after SIGINT"
}
id_of() {
	jq "select(.who == \"$1\") | .tid" "$T/who"
}

seen "-p" "main thread" -p MAIN
seen "-p of two, in two options' worth of words" "main thread child" --pid CHILD,MAIN
seen "-p of another" "" -p 1
seen "-p CHILD" "child" -p CHILD
seen "--tid" "thread" --tid THREAD
seen "--tid of two" "thread main" --tid=THREAD,MAIN
seen "-p and --tid" "main" -p MAIN --tid MAIN
seen "-p and the --tid of another process" "" -p MAIN --tid CHILD
seen "--follow" "main thread child grandchild" -p MAIN --follow
seen "--follow of a child" "child grandchild" --follow -p CHILD
seen "--follow with -P" "grandchild" --follow -p MAIN -P 7004
kill -INT $witness
finish $witness
done_testing
