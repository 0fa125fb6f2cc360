/* SPDX-License-Identifier: GPL-2.0 */
/*
 * slim.c - takes the line numbers out of BPF objects (.BTF.ext), where they are nine tenths of it: libbpf
 * copies them at each start, and the verifier moves them with each instruction that it takes out. Its
 * log, and bpftool's dumps, would show them. Run by make, on the machine that builds.
 *
 *	slim OBJECT...
 */
#include <fcntl.h>
#include <libelf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gelf.h>

/* Of .BTF.ext; Documentation/bpf/btf.rst. Offsets are from the header's end. */
struct head {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t len, func_off, func_len, line_off, line_len, core_off, core_len;
};

/* Without its lines, which lie between the two others; 0: it isn't as clang writes it. */
static int slim(Elf_Data *data)
{
	struct head *h = data->d_buf;
	char *info = (char *)(h + 1);

	if (data->d_size < sizeof(*h) || h->magic != 0xeb9f || h->len != sizeof(*h) ||
	    h->line_off != h->func_off + h->func_len || h->core_off != h->line_off + h->line_len ||
	    sizeof(*h) + h->core_off + h->core_len != data->d_size)
		return 0;
	memmove(info + h->line_off, info + h->core_off, h->core_len);
	data->d_size -= h->line_len;
	h->core_off = h->line_off;
	h->line_len = 0;
	return 1;
}

static int slim_file(const char *path)
{
	int fd = open(path, O_RDWR), done = 0;
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_RDWR, NULL) : NULL;
	Elf_Scn *section = NULL;
	size_t names;

	if (!elf || elf_getshdrstrndx(elf, &names))
		return 0;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr head;
		const char *name;

		if (!gelf_getshdr(section, &head))
			return 0;
		name = elf_strptr(elf, names, head.sh_name);
		if (!name || strcmp(name, ".BTF.ext"))
			continue;
		done = slim(elf_getdata(section, NULL));
		elf_flagdata(elf_getdata(section, NULL), ELF_C_SET, ELF_F_DIRTY);
	}
	done = done && elf_update(elf, ELF_C_WRITE) >= 0;
	elf_end(elf);
	return !close(fd) && done;
}

int main(int argc, char **argv)
{
	elf_version(EV_CURRENT);
	for (int i = 1; i < argc; i++) {
		if (!slim_file(argv[i])) {
			fprintf(stderr, "slim: %s: not a BPF object as clang writes it\n", argv[i]);
			return 1;
		}
	}
	return 0;
}
