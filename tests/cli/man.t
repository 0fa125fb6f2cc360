#!/bin/sh
# The manual pages, held to the program in both directions: each option of a tool is described in its
# page or in sockray(8), each column in its page, by its name and its heading, and nothing that isn't
# there; the verbs, the exit codes; links to other pages; and mandoc finds no fault. Needs neither
# root nor BPF.
. "$(dirname "$0")/../lib.sh"

man=${MAN:-man}

# the options that a page describes: "-x --name", sorted
described() {
	sed -n '/^\.Sh OPTIONS/,/^\.Sh COLUMNS/s/^\.It Fl //p' "$1" |
		awk '$1 == "-" { next }
		{ s = $1; if ($2 == "," && $3 ~ /^-/) s = s " " $3; print s }' |
		sed 's/\(^\| \)-/\1--/g; s/^\([^-]\)/-\1/' | sort
}

# the same by --help
offered() {
	"$B/$1" --help | sed -n '/^Columns/q; s/^  \(-.,\)* *\(--[a-z0-9-]*\).*/\1\2/p' |
		sed 's/,/ /' | sort
}

# A column is a line ".It Cm name , Sy HEADING"; columns WHAT PAGE NTH: what stands in the NTH part
columns() {
	awk -v what="$1" -v nth="$3" '/^\.Sh/ { on = $2 == "COLUMNS" } on && /^\.Ss/ { n++ }
		on && n == nth && /^\.It/ { for (i = 2; i < NF; i++) if ($i == what) print $(i + 1) }' \
		"$2" | sort
}

# the headings in the NTH part of --help
headings() {
	"$B/$1" --help | awk -v nth="$2" '/^Columns/ { n++; next } !NF { on = 0 }
		/^Examples/ { exit } n == nth && NF { print $1 }' | sort
}

"$B/sockray" list >"$T/tools"
described "$man/sockray.8" >"$T/common"
: >"$T/all"
while read -r tool _; do
	page=$man/$tool.8
	ok "$tool: a page" test -s "$page"
	described "$page" >"$T/own"
	offered "$tool" >"$T/offered"
	cat "$T/offered" >>"$T/all"
	# -h and --help differ, and each has a line
	sort "$T/own" "$T/common" | grep -vxE -- '-h|--help' >"$T/described"
	grep -vx -- '-h --help' "$T/offered" >"$T/want"
	is "$(comm -13 "$T/described" "$T/want")" '' "$tool: each option is described, there or in sockray(8)"
	is "$(sort "$T/own" | comm -23 - "$T/want")" '' "$tool: no option is that it hasn't got"
	is "$(uniq -d "$T/described")" '' "$tool: none twice"

	sets='--quiet'
	case $tool in
	sockstat) sets="$sets
--by call,comm,pid,tid,uid,cgroup,netns,family,protocol,ustack,kstack" ;;
	soconnect) sets="$sets
--count" ;;
	esac
	is "$(sed -n '/^\.Sh COLUMNS/,/^\.Sh EXIT/p' "$page" | grep -c '^\.Ss')" \
		"$(printf '%s\n' "$sets" | wc -l)" "$tool: its tables"
	nth=0
	while read -r set; do
		nth=$((nth + 1))
		is "$(columns Cm "$page" $nth)" "$("$B/$tool" $set --fields help | cut -d' ' -f1 | sort)" \
			"$tool $set: the names of the columns, no others"
		is "$(columns Sy "$page" $nth)" "$(headings "$tool" $nth)" \
			"$tool $set: their headings, no others"
	done <<-SETS
	$sets
	SETS

	for section in EXAMPLES OVERHEAD CAVEATS HISTORY 'EXIT STATUS'; do
		ok "$tool: $section" grep -qx ".Sh $section" "$page"
	done
	is "$(sed -n '/^\.Sh NAME/,/^\.Sh/s/^\.Nd //p' "$page")" \
		"$("$B/$tool" --help | sed -n '1s/.* - //p')" "$tool: says what --help says of it"
done <"$T/tools"
sort -u "$T/all" >"$T/any"
is "$(grep -vxE -- '-h|--help' "$T/common" | sort -u | comm -23 - "$T/any")" '' \
	"sockray(8): no option that no tool has"
for letter in h -help; do
	ok "sockray(8): -$letter" grep -q "^\.It Fl $letter\$" "$man/sockray.8"
done
for verb in list doctor help complete; do
	ok "sockray(8): $verb" grep -q "^\.It Cm $verb\$" "$man/sockray.8"
done
for tool in $(cut -d' ' -f1 "$T/tools"); do
	ok "sockray(8): $tool" grep -q "^\.It Xr $tool 8" "$man/sockray.8"
done
for code in 0 1 2 77; do
	ok "sockray(8): exit code $code" grep -q "^\.It $code\$" "$man/sockray.8"
done
# what it says of the words that --by and --call take
is "$("$B/sockray" complete sockstat --by '' | cut -f1 | while read -r word; do
	sed -n '/^\.It Fl -by/,/^\.It/p' "$man/sockstat.8" | grep -qw "$word" || echo "$word"
done)" '' "sockstat --by: each key"
is "$("$B/sockray" complete sockstat --call '' | cut -f1 | while read -r word; do
	sed -n '/^\.It Fl -call/,/^\.It/p' "$man/sockstat.8" | grep -qw "$word" || echo "$word"
done)" '' "sockstat --call: each operation"

{ echo sockray; cut -d' ' -f1 "$T/tools"; } >"$T/names"
for page in "$man"/*.8; do
	name=$(basename "$page" .8)
	is "$(sed -n 's/^\.Dt \([A-Z]*\) 8$/\1/p' "$page" | tr A-Z a-z)" "$name" "$name: its title"
	ok "$name: belongs to a tool" grep -qx "$name" "$T/names"
	is "$(sed -n 's/^\.\(It \)*Xr \(so[a-z]*\) 8.*/\2/p' "$page" | sort -u |
		while read -r other; do [ -f "$man/$other.8" ] || echo "$other"; done)" '' \
		"$name: the pages of ours that it names"
	# of other pages' manuals this host may have none
	is "$(mandoc -Tlint -W style "$page" 2>"$T/o" | grep -v 'STYLE: referenced manual not found')" '' \
		"$name: mandoc -Tlint"
	unlike "$(cat "$page")" "$(printf '[\200-\377\t]')" "$name: ASCII, no tabs"
	is "$(sed -n '/^\.Bd/,/^\.Ed/p' "$page" | awk 'length > 112')" '' "$name: transcripts fit"
done
done_testing
