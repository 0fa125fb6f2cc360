#!/usr/bin/env python3
"""The transcripts in README.md, man/ and docs/: found, compared with new ones, replaced by them.

    transcripts.py compare DIR FILE...  TAP: each has the shape of the new one in DIR, and each
                                        of those is in a file
    transcripts.py write DIR FILE...    puts those of DIR into the files

A transcript begins with "# COMMAND", COMMAND being one of ours, in a literal block; it ends with
the block, or before an empty line and the next such line. DIR is of tests/examples/situations.

Two have the same shape if their lines are of the same kinds: headings, banners and all that the
situation decides have to be equal; process ids, times and counts may differ, 0 and other counts
may not. Of a stack, only that there is one; of doctor and of JSON, what doesn't depend on the
kernel.
"""
import json
import os
import re
import sys

COMMAND = re.compile(r"# ((?:soconnect|sofamily|soprotocol|sockstat|sockray)\b.*)$")
# columns whose numbers are other ones each time: only whether they are 0 is told; and those of
# which not even that is known
COUNTS = "OK FAILED PENDING COUNT".split()
FREE = "PID TID LAT(us) MEAN(us) MAX(us) TIME AGAIN BYTES".split()


def from_man(line):
    if line.startswith("\\&"):
        line = line[2:]
    return line.replace("\\e", "\\").replace("\\-", "-")


def to_man(line):
    line = line.replace("\\", "\\e")
    return "\\&" + line if line[:1] in (".", "'") else line


def blocks(lines, man):
    """(first line, line after the last) of each literal block"""
    start = None
    for i, line in enumerate(lines):
        if man and line.startswith(".Bd -literal") or \
                not man and line.startswith("```") and start is None:
            start = i + 1
        elif start is not None and (line.startswith(".Ed") if man else line.startswith("```")):
            yield start, i
            start = None


def transcripts(lines, man):
    """(command, first line below it, line after the last)"""
    for start, end in blocks(lines, man):
        heads = [i for i in range(start, end) if COMMAND.match(from_man(lines[i]))]
        # a line that only looks like one, in the middle of a block
        heads = [i for i in heads if i == start or not lines[i - 1]]
        for i, head in enumerate(heads):
            last = heads[i + 1] - 1 if i + 1 < len(heads) else end
            yield COMMAND.match(from_man(lines[head])).group(1), head + 1, last


def heading(line):
    words = line.split()
    return len(words) > 2 and all(re.fullmatch(r"[A-Z]+(\([a-zB]+\))?", w) for w in words)


def count(text):
    return "0" if text == "0" else "N"


def row_kind(titles, line):
    """The cells of a row of a table, what varies made equal. One column, RESULT, has blanks."""
    words = line.split()
    if "RESULT" in titles:
        before = titles.index("RESULT")
        after = len(titles) - before - 1
        words = words[:before] + [" ".join(words[before:len(words) - after])] + \
            (words[-after:] if after else [])
    if len(words) != len(titles):
        return "no row of its table: " + line
    cells = []
    for title, word in zip(titles, words):
        # rates, where the time is a part of the row
        if title in FREE or titles[0] == "TIME" and "PID" not in titles:
            if not re.fullmatch(r"[0-9.:]+[kMG]?", word):
                return "no number: " + line
            word = "N"
        elif title in COUNTS:
            if not word.isdigit():
                return "no count: " + line
            word = count(word)
        cells.append(title + "=" + word)
    return " ".join(cells)


def json_kind(line):
    record = json.loads(line)
    varies = record["type"] != "event"
    return json.dumps({k: type(v).__name__ if varies else v for k, v in record.items()})


def doctor_kinds(lines):
    for line in lines:
        if line.startswith((" ", "...", "What to do")):
            continue  # routes, and what isn't seen: other ones on other kernels
        yield re.sub(r"(, save, on this host|\.)?$", "", line) if line.startswith("An empty") else \
            line if line.endswith(")") else line.split()[0]


def kinds(command, lines):
    """What the lines of a transcript are, each kind once, in the order of the first"""
    lines = [line for line in lines if line]
    if command == "sockray doctor":
        return list(dict.fromkeys(doctor_kinds(lines)))
    found, titles = [], None
    for line in lines:
        if heading(line):
            titles = line.split()
            kind = line if titles[-1] != "MAX(us)" else " ".join(titles)
        elif line.startswith("{"):
            kind = json_kind(line)
        elif line.startswith("        "):
            kind = "a stack"
        elif re.fullmatch(r"\d\d:\d\d:\d\d", line):
            kind = "HH:MM:SS"
        elif line.startswith("@"):
            kind = re.sub(r"\d+$", "N", line)
        elif "--folded" in command and re.fullmatch(r"\S.*;.* \d+", line):
            kind = line.split(";")[0] + ";PATH N"
        elif titles:
            kind = row_kind(titles, line)
        else:
            kind = line
        found.append(kind)
    found = list(dict.fromkeys(found))
    # rows stand in the order of counts or of time; what comes before them doesn't move
    fixed = [i for i, kind in enumerate(found) if "=" not in kind and kind[:1] not in "@{"]
    first = max(fixed) + 1 if fixed and "a stack" not in found else 0
    return found[:first] + sorted(found[first:])


def load(folder):
    made = {}
    for name in sorted(os.listdir(folder), key=int):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            head, *lines = file.read().rstrip("\n").split("\n")
        made[head[2:]] = lines
    return made


def compare(made, files):
    number, bad, used = 0, 0, set()

    def tell(good, name, *why):
        nonlocal number, bad
        number += 1
        bad += not good
        print(f"{'' if good else 'not '}ok {number} - {name}")
        for line in () if good else why:
            print("#   " + line, file=sys.stderr)

    for path in files:
        man = path.endswith(".8")
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for command, start, end in transcripts(lines, man):
            name = f"{path}: {command}"
            used.add(command)
            if command not in made:
                tell(False, name, "tests/examples/list doesn't have it")
                continue
            old = kinds(command, [from_man(x) if man else x for x in lines[start:end]])
            new = kinds(command, made[command])
            tell(old == new, name, *("- " + x for x in old if x not in new),
                 *("+ " + x for x in new if x not in old),
                 *(["the order"] if set(old) == set(new) else []))
    for command in made:
        tell(command in used, f"{command}: stands in a file")
    print(f"1..{number}")
    return bad > 0


def write(made, files):
    for path in files:
        man = path.endswith(".8")
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for command, start, end in reversed(list(transcripts(lines, man))):
            if command in made:
                lines[start:end] = [to_man(x) if man else x for x in made[command]]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
    return False


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in ("compare", "write"):
        sys.exit(__doc__)
    sys.exit({"compare": compare, "write": write}[sys.argv[1]](load(sys.argv[2]), sys.argv[3:]))
