#!/bin/sh
# A row comes by itself, not when the next ones push it out: with one single event the row is there
# while the tool runs on. Exercises each form, into a file and into a pipe, the first event and one
# after a pause, --final, and --count by INTERVAL.
. "$(dirname "$0")/../lib.sh"
need_live

one() {
	perl -e 'use Socket; $0 = "one"; socket(my $s, PF_INET, SOCK_DGRAM, 0);
		connect($s, pack_sockaddr_in($ARGV[0], INADDR_LOOPBACK))' "$1"
}

port=30000
for options in "" -j -s --bt --final "-j -f all"; do
	for to in file pipe; do
		rm -f "$T/act" "$T/rows"
		case $to in
		file) start "$B/soconnect" $options -P $port -o "$T/act" 2>"$T/err" ;;
		pipe)
			mkfifo "$T/rows"
			start cat "$T/rows" >"$T/act"
			start "$B/soconnect" $options -P $port >"$T/rows" 2>"$T/err"
			;;
		esac
		tracing "$T/act"
		for pause in 0 0.3; do
			sleep $pause
			before=$(grep -c "\<$port\>" "$T/act")
			one $port
			ok "soconnect $options, to a $to: a single row comes, after a pause of $pause s" \
				await 2 sh -c "[ \$(grep -c '\<$port\>' $T/act) -gt $before ]"
		done
		kill -INT $pid
		finish $pid
		is $rc 0 "soconnect $options, to a $to: exit code"
		port=$((port + 1))
	done
done

# an interval's report comes at its end, though nothing more happens
rm -f "$T/act"
start "$B/soconnect" --count -j -P $port 0.5 -o "$T/act"
tracing "$T/act"
one $port
ok "--count 0.5: the report comes" await 3 grep -q "\"rport\":$port" "$T/act"
kill -INT $pid
finish $pid
done_testing
