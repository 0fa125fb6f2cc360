/* SPDX-License-Identifier: GPL-2.0 */
/*
 * name.c - the kernel's numbers by name and back. The tables are our own, since libc's would
 * come through NSS (not in a static binary), lack the new ones, or differ from host to host.
 * Families and protocols are the same number everywhere and stand here as such; errnos and
 * socket types differ on a few architectures, so those are placed by the headers' macros.
 */
#include "name.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

static const char *const families[] = {
	[0] = "AF_UNSPEC",	[1] = "AF_UNIX",       [2] = "AF_INET",
	[3] = "AF_AX25",	[4] = "AF_IPX",	       [5] = "AF_APPLETALK",
	[6] = "AF_NETROM",	[7] = "AF_BRIDGE",     [8] = "AF_ATMPVC",
	[9] = "AF_X25",		[10] = "AF_INET6",     [11] = "AF_ROSE",
	[12] = "AF_DECnet",	[13] = "AF_NETBEUI",   [14] = "AF_SECURITY",
	[15] = "AF_KEY",	[16] = "AF_NETLINK",   [17] = "AF_PACKET",
	[18] = "AF_ASH",	[19] = "AF_ECONET",    [20] = "AF_ATMSVC",
	[21] = "AF_RDS",	[22] = "AF_SNA",       [23] = "AF_IRDA",
	[24] = "AF_PPPOX",	[25] = "AF_WANPIPE",   [26] = "AF_LLC",
	[27] = "AF_IB",		[28] = "AF_MPLS",      [29] = "AF_CAN",
	[30] = "AF_TIPC",	[31] = "AF_BLUETOOTH", [32] = "AF_IUCV",
	[33] = "AF_RXRPC",	[34] = "AF_ISDN",      [35] = "AF_PHONET",
	[36] = "AF_IEEE802154", [37] = "AF_CAIF",      [38] = "AF_ALG",
	[39] = "AF_NFC",	[40] = "AF_VSOCK",     [41] = "AF_KCM",
	[42] = "AF_QIPCRTR",	[43] = "AF_SMC",       [44] = "AF_XDP",
	[45] = "AF_MCTP",
};

struct protocol {
	unsigned number;
	const char *name;
};

/*
 * Sorted by number. What a socket can be opened with: the extension headers of IPv6 (routing,
 * fragment, ...) are left out, they would hide that the number is odd.
 */
static const struct protocol protocols[] = {
	{ 0, "IPPROTO_IP" },	     { 1, "IPPROTO_ICMP" },	 { 2, "IPPROTO_IGMP" },
	{ 4, "IPPROTO_IPIP" },	     { 6, "IPPROTO_TCP" },	 { 8, "IPPROTO_EGP" },
	{ 12, "IPPROTO_PUP" },	     { 17, "IPPROTO_UDP" },	 { 22, "IPPROTO_IDP" },
	{ 29, "IPPROTO_TP" },	     { 33, "IPPROTO_DCCP" },	 { 41, "IPPROTO_IPV6" },
	{ 46, "IPPROTO_RSVP" },	     { 47, "IPPROTO_GRE" },	 { 50, "IPPROTO_ESP" },
	{ 51, "IPPROTO_AH" },	     { 58, "IPPROTO_ICMPV6" },	 { 92, "IPPROTO_MTP" },
	{ 94, "IPPROTO_BEETPH" },    { 98, "IPPROTO_ENCAP" },	 { 103, "IPPROTO_PIM" },
	{ 108, "IPPROTO_COMP" },     { 115, "IPPROTO_L2TP" },	 { 132, "IPPROTO_SCTP" },
	{ 135, "IPPROTO_MH" },	     { 136, "IPPROTO_UDPLITE" }, { 137, "IPPROTO_MPLS" },
	{ 143, "IPPROTO_ETHERNET" }, { 144, "IPPROTO_AGGFRAG" }, { 255, "IPPROTO_RAW" },
	{ 256, "IPPROTO_SMC" },	     { 262, "IPPROTO_MPTCP" },
};

static const char *const socktypes[] = {
	[SOCK_STREAM] = "SOCK_STREAM",
	[SOCK_DGRAM] = "SOCK_DGRAM",
	[SOCK_RAW] = "SOCK_RAW",
	[SOCK_RDM] = "SOCK_RDM",
	[SOCK_SEQPACKET] = "SOCK_SEQPACKET",
	[SOCK_DCCP] = "SOCK_DCCP",
	[SOCK_PACKET] = "SOCK_PACKET",
};

struct error {
	const char *name, *words;
};

/* The words fit the RESULT column of soconnect: 19 characters, so that its row fits 80. */
static const struct error errors[] = {
	[0] = { NULL, "Success" },
	[EPERM] = { "EPERM", "Not permitted" },
	[ENOENT] = { "ENOENT", "No such path" },
	[ESRCH] = { "ESRCH", "No such process" },
	[EINTR] = { "EINTR", "Interrupted" },
	[EIO] = { "EIO", "Input/output error" },
	[ENXIO] = { "ENXIO", "No such address" },
	[E2BIG] = { "E2BIG", "Arguments too long" },
	[ENOEXEC] = { "ENOEXEC", "Not executable" },
	[EBADF] = { "EBADF", "Bad descriptor" },
	[ECHILD] = { "ECHILD", "No child process" },
	[EAGAIN] = { "EAGAIN", "Try again" },
	[ENOMEM] = { "ENOMEM", "Out of memory" },
	[EACCES] = { "EACCES", "Permission denied" },
	[EFAULT] = { "EFAULT", "Bad address pointer" },
	[ENOTBLK] = { "ENOTBLK", "Not a block device" },
	[EBUSY] = { "EBUSY", "Busy" },
	[EEXIST] = { "EEXIST", "Already exists" },
	[EXDEV] = { "EXDEV", "Crosses devices" },
	[ENODEV] = { "ENODEV", "No such device" },
	[ENOTDIR] = { "ENOTDIR", "Not a directory" },
	[EISDIR] = { "EISDIR", "Is a directory" },
	[EINVAL] = { "EINVAL", "Invalid argument" },
	[ENFILE] = { "ENFILE", "Host out of files" },
	[EMFILE] = { "EMFILE", "Too many open files" },
	[ENOTTY] = { "ENOTTY", "Ioctl unsupported" },
	[ETXTBSY] = { "ETXTBSY", "Program file busy" },
	[EFBIG] = { "EFBIG", "File too large" },
	[ENOSPC] = { "ENOSPC", "No space left" },
	[ESPIPE] = { "ESPIPE", "Cannot seek" },
	[EROFS] = { "EROFS", "Read-only file sys." },
	[EMLINK] = { "EMLINK", "Too many links" },
	[EPIPE] = { "EPIPE", "Broken pipe" },
	[EDOM] = { "EDOM", "Out of math domain" },
	[ERANGE] = { "ERANGE", "Result out of range" },
	[EDEADLK] = { "EDEADLK", "Would deadlock" },
	[ENAMETOOLONG] = { "ENAMETOOLONG", "Name too long" },
	[ENOLCK] = { "ENOLCK", "No locks available" },
	[ENOSYS] = { "ENOSYS", "No such syscall" },
	[ENOTEMPTY] = { "ENOTEMPTY", "Directory not empty" },
	[ELOOP] = { "ELOOP", "Too many symlinks" },
	[ENOMSG] = { "ENOMSG", "No such message" },
	[EIDRM] = { "EIDRM", "Identifier removed" },
	[ECHRNG] = { "ECHRNG", "Bad channel number" },
	[EL2NSYNC] = { "EL2NSYNC", "Level 2 not in sync" },
	[EL3HLT] = { "EL3HLT", "Level 3 halted" },
	[EL3RST] = { "EL3RST", "Level 3 reset" },
	[ELNRNG] = { "ELNRNG", "Link number bad" },
	[EUNATCH] = { "EUNATCH", "Protocol unattached" },
	[ENOCSI] = { "ENOCSI", "No CSI structure" },
	[EL2HLT] = { "EL2HLT", "Level 2 halted" },
	[EBADE] = { "EBADE", "Invalid exchange" },
	[EBADR] = { "EBADR", "Bad request handle" },
	[EXFULL] = { "EXFULL", "Exchange full" },
	[ENOANO] = { "ENOANO", "No anode" },
	[EBADRQC] = { "EBADRQC", "Bad request code" },
	[EBADSLT] = { "EBADSLT", "Invalid slot" },
	[EBFONT] = { "EBFONT", "Bad font file" },
	[ENOSTR] = { "ENOSTR", "Not a stream device" },
	[ENODATA] = { "ENODATA", "No data available" },
	[ETIME] = { "ETIME", "Timer expired" },
	[ENOSR] = { "ENOSR", "No stream resources" },
	[ENONET] = { "ENONET", "Not on a network" },
	[ENOPKG] = { "ENOPKG", "Package missing" },
	[EREMOTE] = { "EREMOTE", "Object is remote" },
	[ENOLINK] = { "ENOLINK", "Link severed" },
	[EADV] = { "EADV", "Advertise error" },
	[ESRMNT] = { "ESRMNT", "Srmount error" },
	[ECOMM] = { "ECOMM", "Send failed" },
	[EPROTO] = { "EPROTO", "Protocol error" },
	[EMULTIHOP] = { "EMULTIHOP", "Multihop attempted" },
	[EDOTDOT] = { "EDOTDOT", "RFS error" },
	[EBADMSG] = { "EBADMSG", "Bad message" },
	[EOVERFLOW] = { "EOVERFLOW", "Value too large" },
	[ENOTUNIQ] = { "ENOTUNIQ", "Name not unique" },
	[EBADFD] = { "EBADFD", "Bad socket state" },
	[EREMCHG] = { "EREMCHG", "Peer addr changed" },
	[ELIBACC] = { "ELIBACC", "Library missing" },
	[ELIBBAD] = { "ELIBBAD", "Library corrupted" },
	[ELIBSCN] = { "ELIBSCN", "Library section bad" },
	[ELIBMAX] = { "ELIBMAX", "Too many libraries" },
	[ELIBEXEC] = { "ELIBEXEC", "Library not program" },
	[EILSEQ] = { "EILSEQ", "Bad byte sequence" },
	[ERESTART] = { "ERESTART", "Restart the call" },
	[ESTRPIPE] = { "ESTRPIPE", "Streams pipe error" },
	[EUSERS] = { "EUSERS", "Too many users" },
	[ENOTSOCK] = { "ENOTSOCK", "Not a socket" },
	[EDESTADDRREQ] = { "EDESTADDRREQ", "No destination" },
	[EMSGSIZE] = { "EMSGSIZE", "Message too long" },
	[EPROTOTYPE] = { "EPROTOTYPE", "Wrong protocol type" },
	[ENOPROTOOPT] = { "ENOPROTOOPT", "No such sock option" },
	[EPROTONOSUPPORT] = { "EPROTONOSUPPORT", "No such protocol" },
	[ESOCKTNOSUPPORT] = { "ESOCKTNOSUPPORT", "No such socket type" },
	[EOPNOTSUPP] = { "EOPNOTSUPP", "Not supported" },
	[EPFNOSUPPORT] = { "EPFNOSUPPORT", "No protocol family" },
	[EAFNOSUPPORT] = { "EAFNOSUPPORT", "Bad address family" },
	[EADDRINUSE] = { "EADDRINUSE", "Address in use" },
	[EADDRNOTAVAIL] = { "EADDRNOTAVAIL", "No address or port" },
	[ENETDOWN] = { "ENETDOWN", "Network down" },
	[ENETUNREACH] = { "ENETUNREACH", "Network unreachable" },
	[ENETRESET] = { "ENETRESET", "Network reset" },
	[ECONNABORTED] = { "ECONNABORTED", "Connection aborted" },
	[ECONNRESET] = { "ECONNRESET", "Connection reset" },
	[ENOBUFS] = { "ENOBUFS", "No buffer space" },
	[EISCONN] = { "EISCONN", "Already connected" },
	[ENOTCONN] = { "ENOTCONN", "Not connected" },
	[ESHUTDOWN] = { "ESHUTDOWN", "Shut down" },
	[ETOOMANYREFS] = { "ETOOMANYREFS", "Too many references" },
	[ETIMEDOUT] = { "ETIMEDOUT", "Timeout" },
	[ECONNREFUSED] = { "ECONNREFUSED", "Connect refused" },
	[EHOSTDOWN] = { "EHOSTDOWN", "Host down" },
	[EHOSTUNREACH] = { "EHOSTUNREACH", "Host unreachable" },
	[EALREADY] = { "EALREADY", "Not yet completed" },
	[EINPROGRESS] = { "EINPROGRESS", "In progress" },
	[ESTALE] = { "ESTALE", "Stale file handle" },
	[EUCLEAN] = { "EUCLEAN", "Needs cleaning" },
	[ENOTNAM] = { "ENOTNAM", "Not a Xenix name" },
	[ENAVAIL] = { "ENAVAIL", "No Xenix semaphores" },
	[EISNAM] = { "EISNAM", "Is a named file" },
	[EREMOTEIO] = { "EREMOTEIO", "Remote I/O error" },
	[EDQUOT] = { "EDQUOT", "Quota exceeded" },
	[ENOMEDIUM] = { "ENOMEDIUM", "No medium" },
	[EMEDIUMTYPE] = { "EMEDIUMTYPE", "Wrong medium type" },
	[ECANCELED] = { "ECANCELED", "Canceled" },
	[ENOKEY] = { "ENOKEY", "No key" },
	[EKEYEXPIRED] = { "EKEYEXPIRED", "Key expired" },
	[EKEYREVOKED] = { "EKEYREVOKED", "Key revoked" },
	[EKEYREJECTED] = { "EKEYREJECTED", "Key rejected" },
	[EOWNERDEAD] = { "EOWNERDEAD", "Owner died" },
	[ENOTRECOVERABLE] = { "ENOTRECOVERABLE", "Not recoverable" },
	[ERFKILL] = { "ERFKILL", "Radio switched off" },
	[EHWPOISON] = { "EHWPOISON", "Memory is poisoned" },
#if EDEADLK == 35 /* the generic numbers: two of them were never given out */
	[41] = { NULL, "Unknown error 41" },
	[58] = { NULL, "Unknown error 58" },
#endif
	/* The kernel's own, no program should ever see them: but a probe does. */
	[512] = { "ERESTARTSYS", "Restarts on signal" },
	[513] = { "ERESTARTNOINTR", "Restarts always" },
	[514] = { "ERESTARTNOHAND", "Restarts if ignored" },
	[515] = { "ENOIOCTLCMD", "No such ioctl" },
	[516] = { "ERESTART_RESTARTBLOCK", "Restarts by itself" },
	[517] = { "EPROBE_DEFER", "Probe deferred" },
	[518] = { "EOPENSTALE", "Stale at open" },
	[519] = { "ENOPARAM", "Parameter unknown" },
	[521] = { "EBADHANDLE", "Bad file handle" },
	[522] = { "ENOTSYNC", "Update out of sync" },
	[523] = { "EBADCOOKIE", "Stale cookie" },
	[524] = { "ENOTSUPP", "Unsupported inside" },
	[525] = { "ETOOSMALL", "Buffer too small" },
	[526] = { "ESERVERFAULT", "Server fault" },
	[527] = { "EBADTYPE", "Bad type" },
	[528] = { "EJUKEBOX", "Comes later" },
	[529] = { "EIOCBQUEUED", "Queued" },
	[530] = { "ERECALLCONFLICT", "Recall conflict" },
};

struct alias {
	const char *name;
	int number;
};

static const struct alias aliases[] = {
	{ "EWOULDBLOCK", EWOULDBLOCK },
	{ "EDEADLOCK", EDEADLOCK },
	{ "ENOTSUP", ENOTSUP },
};

static const char *const book[] = {
	[0] = "Success",
	[EPERM] = "Permission denied",
	[EINTR] = "Interrupted",
	[EBADF] = "Invalid sockfd",
	[EAGAIN] = "Routing cache insuff.",
	[EACCES] = "Perm. denied (EACCES)",
	[EFAULT] = "Sock struct addr invalid",
	[ENOTSOCK] = "FD not a socket",
	[EPROTOTYPE] = "Socket protocol error",
	[EAFNOSUPPORT] = "Address family invalid",
	[EADDRINUSE] = "Local addr in use",
	[EADDRNOTAVAIL] = "No port available",
	[ENETUNREACH] = "Network unreachable",
	[EISCONN] = "Already connected",
	[ETIMEDOUT] = "Timeout",
	[ECONNREFUSED] = "Connect refused",
	[EALREADY] = "Not yet completed",
	[EINPROGRESS] = "In progress",
};

static size_t count_errors(void)
{
	return sizeof(errors) / sizeof(errors[0]);
}

static size_t count_protocols(void)
{
	return sizeof(protocols) / sizeof(protocols[0]);
}

const char *family_name(unsigned n)
{
	return n < sizeof(families) / sizeof(families[0]) ? families[n] : NULL;
}

const char *protocol_name(unsigned n)
{
	size_t lo = 0, hi = count_protocols();

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (protocols[mid].number == n)
			return protocols[mid].name;
		if (protocols[mid].number < n)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const char *socktype_name(unsigned n)
{
	return n < sizeof(socktypes) / sizeof(socktypes[0]) ? socktypes[n] : NULL;
}

const char *errno_name(int e)
{
	return e >= 0 && (size_t)e < count_errors() ? errors[e].name : NULL;
}

const char *errno_words(int e)
{
	return e >= 0 && (size_t)e < count_errors() ? errors[e].words : NULL;
}

const char *book_words(int e)
{
	if (e < 0 || (size_t)e >= sizeof(book) / sizeof(book[0]) || !book[e])
		return "";
	return book[e];
}

/* ASCII only: strcasecmp() follows the locale, and in a Turkish one I and i are strangers. */
static unsigned char fold(char c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* Does S begin with PREFIX? The rest of S, or NULL. */
static const char *after(const char *s, const char *prefix)
{
	for (; *prefix; s++, prefix++)
		if (fold(*s) != fold(*prefix))
			return NULL;
	return s;
}

static int same(const char *a, const char *b)
{
	const char *rest = after(a, b);

	return rest && !*rest;
}

/* A name with or without PREFIX, which the table's own NAME always has. */
static int same_name(const char *s, const char *name, const char *prefix)
{
	return same(s, name) || same(s, name + strlen(prefix));
}

static int number(const char *s, int max)
{
	int n = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + (*s - '0');
		if (n > max)
			return -1;
	}
	return n;
}

int family_number(const char *s)
{
	if (same_name(s, "AF_LOCAL", "AF_"))
		return AF_UNIX;
	if (same_name(s, "AF_IPV4", "AF_"))
		return AF_INET;
	if (same_name(s, "AF_IPV6", "AF_"))
		return AF_INET6;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (same_name(s, families[i], "AF_"))
			return i;
	return number(s, 65535);
}

int protocol_number(const char *s)
{
	for (size_t i = 0; i < count_protocols(); i++)
		if (same_name(s, protocols[i].name, "IPPROTO_"))
			return protocols[i].number;
	return number(s, 65535);
}

int errno_number(const char *s)
{
	for (size_t i = 0; i < count_errors(); i++)
		if (errors[i].name && same(s, errors[i].name))
			return i;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (same(s, aliases[i].name))
			return aliases[i].number;
	return number(s, 4095); /* the kernel's MAX_ERRNO */
}

/* NAME without PREFIX, in small letters. */
static bool typed(char word[NAME_WORD], const char *name, const char *prefix)
{
	size_t i = 0;

	for (name += strlen(prefix); i < NAME_WORD - 1 && name[i]; i++)
		word[i] = name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i];
	word[i] = '\0';
	return true;
}

bool family_word(size_t n, char word[NAME_WORD])
{
	return n < sizeof(families) / sizeof(families[0]) && typed(word, families[n], "AF_");
}

bool protocol_word(size_t n, char word[NAME_WORD])
{
	return n < count_protocols() && typed(word, protocols[n].name, "IPPROTO_");
}

bool errno_word(size_t n, char word[NAME_WORD])
{
	const char *name = NULL;

	for (size_t i = 0; i < count_errors() && i < 512; i++)
		if (errors[i].name && !n--) {
			name = errors[i].name;
			break;
		}
	/* n is now how many of the aliases to skip, unless it was one of the above */
	if (!name && n < sizeof(aliases) / sizeof(aliases[0]))
		name = aliases[n].name;
	if (!name)
		return false;
	strncpy(word, name, NAME_WORD - 1);
	word[NAME_WORD - 1] = '\0';
	return true;
}
