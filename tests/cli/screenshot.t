#!/bin/sh
# scripts/screenshot: a command on a terminal of its own, and its text as a well-formed picture, with
# its colours, whatever stands in it; and that the pictures of docs/images are XML, and in use. Needs
# neither root nor BPF.
. "$(dirname "$0")/../lib.sh"

run scripts/screenshot record sh -c '[ -t 1 ] && [ -t 2 ] && printf "a\033[31mred\033[0m\nb\n"; exit 3'
is "$rc $out" "3 $(printf 'a\033[31mred\033[0m\nb')" "record: a terminal, the bytes as they are, the status"
run scripts/screenshot record "$T/none"
is "$rc" 127 "record: no such command"
start scripts/screenshot record sh -c 'trap "echo over; exit 4" INT
	echo begun
	while :; do sleep 0.05; done' >"$T/text"
await 10 grep -q begun "$T/text"
kill -INT $pid
finish $pid
is "$rc $(cat "$T/text")" "4 begun
over" "record: Ctrl-C gets there"

cat >"$T/texts.py" <<'PY'
import sys, xml.etree.ElementTree as tree
for t in tree.parse(sys.argv[1]).getroot().iter("{http://www.w3.org/2000/svg}text"):
    print(t.get("x"), t.get("y"), t.get("fill"), t.get("font-weight") or "-", t.text)
PY
draw() {
	scripts/screenshot draw >"$T/svg" && python3 "$T/texts.py" "$T/svg"
}
is "$(printf '# cmd\nab  \033[31mred\033[0m x\n\033[1;92mg\033[m\tt\n' | draw)" \
	'14.00 27 #d3d7cf bold # cmd
14.00 45 #d3d7cf - ab
47.72 45 #ff6b60 - red
81.44 45 #d3d7cf - x
14.00 63 #8ae234 bold g
81.44 63 #d3d7cf - t' "draw: words at their places, in their colours"
is "$(printf '</text><script>&amp;\033]0;title\007 \377\001\033[2J\n' | draw | cut -d' ' -f5-)" \
	"$(printf '</text><script>&amp;\n\357\277\275')" "draw: hostile text is text"

ls docs/images >"$T/images"
ok "docs/images: there are some" [ -s "$T/images" ]
while read -r image; do
	ok "docs/images/$image: XML" python3 -c "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])" \
		"docs/images/$image"
	ok "docs/images/$image: is shown" grep -q "(docs/images/$image)\|(images/$image)" README.md docs/*.md
done <"$T/images"
is "$(grep -ho '(\(docs/\)\?images/[^)]*)' README.md docs/*.md | tr -d '()' | sed 's,.*/,,' | sort -u |
	comm -13 "$T/images" -)" '' "docs/images: none is shown that isn't there"
done_testing
